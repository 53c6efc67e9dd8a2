import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '#libs/application/ports/clock.js';
import { accessReviewShape } from '../../apps/api/reports/access-review-shapes.js';
import { startTestApi, type TestApi } from '../support/api.js';
import type { HttpAnswer } from '../support/http.js';

interface State {
  readonly principals: readonly {
    readonly access: readonly { readonly resource: object; readonly roles: readonly { readonly source: string }[] }[];
  }[];
}

/** Stands still until it is set: a report of a moment is of that millisecond. */
class StandingClock extends Clock {
  time = Date.parse('2026-03-01T08:00:00.000Z');
  override now(): number {
    return this.time;
  }
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString();
type Report = ReturnType<typeof accessReviewShape.parse>;

const people: Readonly<
  Record<string, { readonly email?: string; readonly name?: string; readonly groups?: string[] }>
> = {
  admin: { email: 'admin@localhost' },
  gus: { groups: ['operators'] },
  olga: { email: 'olga@acme.test', name: 'Olga' },
  pat: { email: 'pat@acme.test', name: '<script>alert("pat")</script>' },
  mia: { email: 'mia@acme.test', name: "=cmd|' /C calc'!A0" },
  vera: { email: 'vera@johns.test', name: 'Vera' },
};

const clock = new StandingClock();
let api: TestApi;
let token = '';
/** The time of each command, by its label. */
const sent: Record<string, { readonly at: string; readonly id: string }> = {};

async function headersOf(person: string): Promise<Record<string, string>> {
  const [sub = '', realm] = person.split('@');
  const authorization = await api.bearer(sub, { ...people[sub], ...(realm === undefined ? {} : { realm }) });
  return { authorization, ...(token === '' ? {} : { 'consistency-token': token }) };
}

async function command(person: string, target: string, name: string, body: object, label = name): Promise<void> {
  clock.time += MINUTE;
  const path = `/v1/${target}/commands/${name}`;
  const answer = await api.http.send({ path, headers: await headersOf(person), body });
  expect([name, answer.status, answer.text]).toEqual([name, 200, expect.anything()]);
  token = String(answer.headers['consistency-token']);
  const { events } = JSON.parse(answer.text) as { events: { id: string }[] };
  sent[label] = { at: iso(clock.time), id: events[0]?.id ?? '' };
}

async function get(person: string, path: string, accept = 'application/json'): Promise<HttpAnswer> {
  return api.http.send({ path: `/v1/orgs/${path}`, headers: { ...(await headersOf(person)), accept } });
}

async function report(person: string, org: string, query = ''): Promise<Report> {
  const { status, text, headers } = await get(person, `${org}/reports/access-review?${query}`);
  expect([status, text]).toEqual([200, expect.anything()]);
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  const body: unknown = JSON.parse(text);
  // It is what OpenAPI says, and nothing beside it.
  const parsed = accessReviewShape.parse(body);
  expect(parsed).toEqual(body);
  return parsed;
}

/** Who holds what, as the report tells it and as the history does: by the same evidence. */
async function agreesWithHistory(person: string, org: string, of: Report): Promise<void> {
  const at = `${of.at.revision}@${of.at.at}`;
  const { text } = await get(person, `${org}/history/state?limit=200&at=${at}`);
  const { principals } = JSON.parse(text) as State;
  const known = principals.map(({ access, ...rest }) => ({
    ...rest,
    access: access.map(({ resource, roles }) => ({
      resource,
      roles: roles.map((held) => ({ ...held, breakGlass: held.source === 'email_allowlist' })),
    })),
  }));
  const told = of.population.map(({ id, role, suspended, access }) => ({
    id,
    role,
    suspended: suspended !== null,
    access: access.map(({ resource, roles }) => ({
      resource,
      roles: roles.map(({ evidence, ...held }) => ({ ...held, evidence: ids(evidence) })),
    })),
  }));
  expect(told).toEqual(known);
}

const ids = (of: readonly { readonly id: string }[]) => of.map(({ id }) => id);
const at: Record<'before' | 'after', string> = { before: '', after: '' };

beforeAll(async () => {
  const realms = 'default=enterprise,team=teams';
  api = await startTestApi({
    clock,
    environment: { REALMS: realms, PLATFORM_ADMIN_GROUP: 'operators', READ_WAIT_MS: '20000' },
  });
  const on = 'orgs/acme';
  const prod = { environmentId: 'prod' };
  await command('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await command('olga', on, 'CreateEnvironment', { ...prod, name: '"Prod"' });
  for (const id of ['pat', 'ann', 'mia', 'aud', 'admin'])
    await command('olga', on, 'AddMember', { userId: id, role: id === 'mia' ? 'org.admin' : 'org.participant' }, id);
  for (const id of ['pat', 'mia']) await api.http.send({ path: '/v1/me', headers: await headersOf(id) });
  await command('olga', on, 'CreateGroup', { groupId: 'ops', name: 'Ops' });
  await command('olga', on, 'AddGroupMember', { groupId: 'ops', userId: 'ann' });
  await command('mia', on, 'GrantEnvironmentAccess', { ...prod, grantee: { type: 'group', id: 'ops' } }, 'to ops');
  const notAfter = iso(clock.time + 3 * DAY);
  await command('mia', on, 'GrantEnvironmentAccess', { ...prod, grantee: { type: 'user', id: 'pat' }, notAfter });
  await command('olga', on, 'ConnectOAuth', { ...prod, connectionId: 'drive', provider: 'google', name: 'Drive' });
  await command('olga', on, 'AssignRole', { userId: 'aud', role: 'org.auditor', notAfter: iso(clock.time + 90 * DAY) });
  await command('gus', on, 'UpdateOrg', { name: 'Acme & <b>Sons</b>' });
  at.before = iso(clock.time);
  clock.time += DAY / 8;
  await command('mia', on, 'ConfirmRole', { userId: 'aud', role: 'org.auditor' });
  await command('mia', on, 'SuspendMember', { userId: 'ann' });
  await command('olga', on, 'ChangeMemberRole', { userId: 'mia', role: 'org.participant' });
  await command('olga', on, 'RemoveMember', { userId: 'pat' }, 'pat leaves');
  await command('olga', on, 'RemoveMember', { userId: 'admin' }, 'admin leaves');
  at.after = iso(clock.time);

  const ours = 'orgs/johns';
  const create = { orgId: 'johns', name: 'Johns', ownerId: 'john@team' };
  await command('john@team', 'realm', 'CreateOrg', create, 'johns');
  await command('john@team', ours, 'CreateEnvironment', { environmentId: 'main', name: 'Main' });
  const environments = [{ environmentId: 'main', role: 'workspace.developer' }];
  const invite = { emails: ['vera@johns.test'], role: 'org.viewer', environments };
  await command('john@team', ours, 'InviteMembers', invite);
  const { text } = await api.http.send({ path: '/v1/me/invitations', headers: await headersOf('vera@team') });
  const { invitations } = JSON.parse(text) as { invitations: { id: string }[] };
  await command('vera@team', ours, 'AcceptInvitation', { invitationId: invitations[0]?.id });
  await command('john@team', ours, 'AddMember', { userId: 'dev@team', role: 'org.developer' }, 'dev');
  await command('dev@team', ours, 'LeaveOrg', {}, 'dev leaves');
  clock.time += 2 * DAY;
}, 120_000);
afterAll(() => api?.stop());

describe('a review of access in the scheme enterprise', () => {
  it('tells everybody and what they held at a moment, as the history does, with the decisions behind it', async () => {
    const before = await report('olga', 'acme', `at=${at.before}`);
    await agreesWithHistory('olga', 'acme', before);
    expect(before).toMatchObject({
      report: 'access-review',
      at: { at: at.before },
      since: { at: iso(0) },
      generatedAt: iso(clock.time),
      ledgerKey: api.services.ledger.key,
      org: { id: 'acme', status: 'active', ownerId: 'olga', scheme: { id: 'enterprise', version: 1 } },
      environments: [{ id: 'prod', kind: 'environment', name: '"Prod"' }],
    });
    expect(ids(before.population)).toEqual(['admin', 'ann', 'aud', 'gus', 'mia', 'olga', 'pat']);
    const pat = before.population.find(({ id }) => id === 'pat');
    expect(pat).toMatchObject({
      ...people['pat'],
      role: 'org.participant',
      since: { id: sent['pat']?.id, actor: 'olga' },
    });
    expect(pat?.access[1]?.roles[0]).toMatchObject({
      role: 'environment.user',
      source: 'grant',
      breakGlass: false,
      notAfter: expect.stringMatching(/^2026-03-04/),
      evidence: [
        { id: sent['pat']?.id, type: 'MemberAdded', actor: 'olga' },
        { id: sent['GrantEnvironmentAccess']?.id, type: 'EnvironmentAccessGranted', actor: 'mia' },
      ],
    });
    const ann = before.population.find(({ id }) => id === 'ann');
    expect(ann?.groups).toMatchObject([{ id: 'ops', name: 'Ops', since: { id: sent['AddGroupMember']?.id } }]);
    expect(ann?.access[1]?.roles[0]?.evidence.at(-1)).toMatchObject({ id: sent['to ops']?.id, actor: 'mia' });
    const aud = before.population.find(({ id }) => id === 'aud');
    expect(aud?.unconfirmed).toMatchObject([{ role: 'org.auditor', assigned: { id: sent['AssignRole']?.id } }]);
    const admin = before.population.find(({ id }) => id === 'admin');
    expect(admin?.access[0]?.roles[0]).toMatchObject({ source: 'email_allowlist', breakGlass: true });
    expect(admin?.access[0]?.roles[0]?.evidence.map(({ type }) => type)).toEqual([
      'PlatformAdminSourcesSet',
      'ClaimsObserved',
    ]);

    const after = await report('olga', 'acme', `at=${at.after}&since=${at.before}`);
    await agreesWithHistory('olga', 'acme', after);
    expect(ids(after.population)).toEqual(['admin', 'ann', 'aud', 'gus', 'mia', 'olga']);
    expect(after.population[1]).toMatchObject({
      suspended: { id: sent['SuspendMember']?.id, actor: 'mia' },
      access: [],
    });
    expect(after.population[2]?.unconfirmed).toEqual([]);
    expect(after.population[2]?.access[0]?.roles[1]?.evidence.at(-1)).toMatchObject({ id: sent['ConfirmRole']?.id });
  });

  it('names who may decide about others, by permissions', async () => {
    const before = await report('olga', 'acme', `at=${at.before}`);
    expect(ids(before.privileged)).toEqual(['admin', 'gus', 'mia', 'olga']);
    const [admin, , mia] = before.privileged;
    expect(admin?.privileges).toEqual([{ resource: { type: 'org', id: 'acme' }, permissions: ['org:transfer'] }]);
    expect(mia?.privileges).toEqual([
      {
        resource: { type: 'org', id: 'acme' },
        permissions: expect.arrayContaining(['admin:appoint', 'auditor:appoint', 'group:manage', 'member:manage']),
      },
      { resource: { type: 'environment', id: 'acme/prod' }, permissions: ['environment:grant'] },
    ]);
    const after = await report('olga', 'acme', `at=${at.after}`);
    expect(ids(after.privileged)).toEqual(['admin', 'gus', 'olga']);
  });

  it('tells who joined, moved and left within a window', async () => {
    const first = await report('olga', 'acme', `at=${at.before}`);
    expect(ids(first.joiners)).toEqual(['olga', 'pat', 'ann', 'mia', 'aud', 'admin']);
    expect(first.joiners[1]).toMatchObject({
      name: people['pat']?.name,
      before: null,
      after: { role: 'org.participant', suspended: false },
      event: { id: sent['pat']?.id, type: 'MemberAdded' },
      requested: { id: sent['pat']?.id },
    });
    expect(first.movers.map(({ id, event }) => [id, event.type])).toEqual([
      ['ann', 'GroupMemberAdded'],
      ['pat', 'EnvironmentAccessGranted'],
      ['aud', 'RoleAssigned'],
    ]);
    expect(first.leavers).toEqual([]);

    const second = await report('olga', 'acme', `since=${at.before}&at=${at.after}`);
    expect(second.joiners).toEqual([]);
    expect(second.movers.map(({ id, before, after, event }) => [id, before, after, event.id])).toEqual([
      ['aud', standing('org.participant'), standing('org.participant'), sent['ConfirmRole']?.id],
      ['ann', standing('org.participant'), standing('org.participant', true), sent['SuspendMember']?.id],
      ['mia', standing('org.admin'), standing('org.participant'), sent['ChangeMemberRole']?.id],
    ]);
    expect(second.leavers).toMatchObject([
      {
        id: 'pat',
        before: standing('org.participant'),
        after: null,
        event: { id: sent['pat leaves']?.id },
        lastClosed: { at: sent['pat leaves']?.at, seconds: 0, by: sent['pat leaves']?.id },
      },
      // Administers the platform still, and reaches the organization by that.
      { id: 'admin', lastClosed: null },
    ]);
    // Later what the token had shown is too old to count: the last door was closed by time.
    const later = await report('olga', 'acme', `since=${at.before}`);
    const admin = later.leavers.find(({ id }) => id === 'admin');
    expect(admin?.lastClosed?.seconds).toBeGreaterThan(3600);
    const { text } = await get('olga', 'acme/history/access-timeline?subject=admin&action=org:resolve');
    const { intervals } = JSON.parse(text) as { intervals: { from: string; decision: boolean }[] };
    expect(admin?.lastClosed?.at).toBe(intervals.findLast(({ decision }) => !decision)?.from);
  });

  it('tells how old connections are, and what was done by emergency access (G24)', async () => {
    const first = await report('olga', 'acme', `at=${at.before}`);
    const drive = { kind: 'oauth_connection', id: 'drive', environment: 'prod', provider: 'google', name: 'Drive' };
    expect(first.keys).toMatchObject([{ ...drive, since: { id: sent['ConnectOAuth']?.id }, ageDays: 0 }]);
    // Gus administers the platform by a group: that is no emergency.
    expect(first.breakGlass).toMatchObject([{ id: 'admin', event: { id: sent['CreateOrg']?.id, type: 'OrgCreated' } }]);
    const second = await report('olga', 'acme', `since=${at.before}`);
    expect(second.keys).toMatchObject([{ ...drive, ageDays: 2 }]);
    expect(second.breakGlass).toEqual([]);
  });
});

describe('a review of access in the scheme teams', () => {
  it('tells the same sections by that scheme, at two dates (C31)', async () => {
    const invited = await report('john@team', 'johns', `at=${sent['InviteMembers']?.at}`);
    await agreesWithHistory('john@team', 'johns', invited);
    expect(ids(invited.population)).toEqual(['john@team']);
    expect([invited.keys, invited.breakGlass, invited.leavers, invited.movers]).toEqual([[], [], [], []]);

    const now = await report('john@team', 'johns', `since=${invited.at.revision}@${invited.at.at}`);
    await agreesWithHistory('john@team', 'johns', now);
    expect(now.org.scheme).toEqual({ id: 'teams', version: 1 });
    expect(ids(now.population)).toEqual(['john@team', 'vera@team']);
    expect(now.population[1]?.access[1]).toMatchObject({
      resource: { type: 'workspace', id: 'johns/main' },
      roles: [{ role: 'workspace.viewer' }, { role: 'workspace.developer', source: 'grant' }],
    });
    expect(now.privileged).toMatchObject([
      {
        id: 'john@team',
        privileges: [
          { permissions: expect.arrayContaining(['owner:appoint', 'member:invite']) },
          ...['default', 'main'].map((id) => ({
            resource: { type: 'workspace', id: `johns/${id}` },
            permissions: ['environment:grant', 'environment:override-role'],
          })),
        ],
      },
    ]);
    expect(now.joiners).toMatchObject([
      {
        id: 'vera@team',
        name: 'Vera',
        requested: { id: sent['InviteMembers']?.id, actor: 'john@team' },
        event: { id: sent['AcceptInvitation']?.id, actor: 'vera@team' },
      },
      { id: 'dev@team', requested: { id: sent['dev']?.id } },
    ]);
    expect(now.leavers).toMatchObject([
      { id: 'dev@team', event: { actor: 'dev@team', command: 'LeaveOrg' }, lastClosed: { seconds: 0 } },
    ]);
  });
});

describe('as a table and as a page', () => {
  it('CSV has every section, and nothing that a spreadsheet would run', async () => {
    const { status, headers, text } = await get('olga', `acme/reports/access-review?at=${at.before}`, 'text/csv');
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(headers['content-disposition']).toBe('attachment; filename="access-review.csv"');
    const lines = text.split('\r\n').slice(0, -1);
    expect(lines[0]).toBe(
      '"section","id","name","email","role","status","resource","held","source","notBefore","notAfter","at","actor","command","evidence"',
    );
    const sections = lines.slice(1).map((line) => /^"([^"]*)"/.exec(line)?.[1]);
    expect(new Set(sections)).toEqual(
      new Set(['report', 'privileged', 'population', 'joiners', 'movers', 'keys', 'break-glass']),
    );
    expect(lines.filter((line) => line.startsWith('"population","pat"'))).toEqual([
      expect.stringContaining('"<script>alert(""pat"")</script>"'),
      expect.stringContaining(`"acme/prod","environment.user","grant","","2026-03-04`),
    ]);
    expect(text).toContain(`"'=cmd|' /C calc'!A0"`);
    expect(text).not.toMatch(/(?:^|,|\n)"[=+@-]/);
  });

  it('the page holds names as text, runs nothing and fetches nothing', async () => {
    const { status, headers, text } = await get(
      'olga',
      `acme/reports/access-review?at=${at.before}`,
      'text/html,*/*;q=0.8',
    );
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'/);
    expect(text).not.toMatch(/<script|<b>|<img|<link|<iframe| on\w+=| style=| href=| src=|@import|url\(/i);
    expect(text).toContain('&lt;script&gt;alert(&quot;pat&quot;)&lt;/script&gt;');
    expect(text).toContain('<title>Access review of Acme &amp; &lt;b&gt;Sons&lt;/b&gt;</title>');
    for (const title of ['Privileged people', 'Everybody and their access', 'Joiners', 'Movers', 'Leavers', 'Keys'])
      expect(text).toContain(`<h2>${title}`);
    expect((await get('olga', `acme/reports/access-review?format=html&at=${at.before}`)).text).toBe(text);
  });
});

describe('who may have it', () => {
  it('owners, admins and confirmed auditors, and nobody else; every reading is in the audit log', async () => {
    const now = 'acme/reports/access-review';
    for (const [person, path, status] of [
      ['olga', now, 200],
      ['aud', now, 200],
      // No admin any more.
      ['mia', now, 403],
      ['pat', now, 404],
      ['john@team', now, 404],
      ['vera@team', 'johns/reports/access-review', 403],
    ] as const)
      expect([person, (await get(person, path)).status]).toEqual([person, status]);
    const recorded = await api.services.store.last('activity-acme');
    expect(recorded).toMatchObject({
      type: 'AccessReviewRead',
      data: { at: expect.stringMatching(/^\d+@2026-03-03T/), since: '-1@1970-01-01T00:00:00.000Z' },
      metadata: { actor: 'aud', command: 'ReadAccessReview' },
    });
  });

  it.each([
    ['at=2030-01-01T00:00:00Z', 'at'],
    ['at=9999', 'at'],
    ['since=2030-01-01T00:00:00Z', 'since'],
    ['at=1&since=3', 'at'],
  ])('%s is refused, by name', async (query, path) => {
    const { status, text } = await get('olga', `acme/reports/access-review?${query}`);
    expect([status, JSON.parse(text)]).toEqual([
      400,
      expect.objectContaining({ errors: [expect.objectContaining({ path })] }),
    ]);
  });

  it('tells of no time before the organization', async () => {
    const none = await report('olga', 'acme', `at=${iso(0)}`);
    expect(none).toMatchObject({ org: { status: 'none' }, population: [], privileged: [], joiners: [], keys: [] });
  });
});

it('tells of more people than are looked at at once', async () => {
  const add = (from: number) =>
    Array.from({ length: 100 }, (_, i) => ({
      command: 'AddMember',
      input: { userId: `person-${from + i}@team`, role: 'org.viewer' },
    }));
  await command('lea@team', 'realm', 'CreateOrg', { orgId: 'large', name: 'Large', ownerId: 'lea@team' }, 'large');
  for (let from = 0; from < 300; from += 100) {
    const path = '/v1/orgs/large/commands';
    const answer = await api.http.send({ path, headers: await headersOf('lea@team'), body: { commands: add(from) } });
    expect(answer.status).toBe(200);
    token = String(answer.headers['consistency-token']);
  }
  const { population, joiners } = await report('lea@team', 'large');
  expect([population.length, joiners.length]).toEqual([301, 301]);
  expect(ids(population)).toEqual([...ids(population)].sort());
  expect(new Set(ids(joiners)).size).toBe(301);
}, 180_000);

const standing = (role: string, suspended = false) => ({ role, suspended });
