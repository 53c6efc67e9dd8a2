import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { consistencyToken } from '../../apps/api/requests/consistency-token.js';
import { positionText } from '#libs/application/ports/event-store.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

interface Entry {
  readonly position: string;
  readonly stream: string;
  readonly actor: string;
  readonly credential: string;
  readonly action: string;
  readonly event: string;
  readonly outcome: string;
  readonly role: string | null;
  readonly reason: string | null;
  readonly permission: string | null;
  readonly targets: readonly string[];
  readonly correlation: string;
  readonly commandId: string;
  readonly data: object;
}

const clock = new TestClock();
let api: TestApi;
/** Another one for each test, so that none sees what others left. */
let org = '';
let created = 0;

/** `default` runs a scheme that has every refusal audited, `quiet` one that has none. */
beforeAll(async () => {
  api = await startTestApi({
    clock,
    environment: { REALMS: 'default=gateway,quiet=enterprise', READ_WAIT_MS: '20000' },
  });
}, 60_000);
afterAll(() => api?.stop());

beforeEach(async () => {
  org = `org-${++created}`;
  await done('operator', '/v1/realm/commands/CreateOrg', { orgId: org, name: 'Acme', ownerId: 'ann' });
  await done('ann', `/v1/orgs/${org}/commands/AddMember`, { userId: 'bob', role: 'org.member' });
});

async function send(sub: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const [id = '', realm = 'default'] = sub.split('@');
  const claims = { realm, ...(id === 'operator' ? { email: 'admin@localhost' } : {}) };
  const authorization = await api.bearer(id, claims);
  const answer = await api.http.send({ path, body, headers: { authorization, ...headers } });
  return { ...answer, body: JSON.parse(answer.text) };
}

async function done(sub: string, path: string, body: unknown): Promise<void> {
  expect(await send(sub, path, body)).toMatchObject({ status: 200 });
}

const command = (sub: string, name: string, body: unknown, headers?: Record<string, string>) =>
  send(sub, `/v1/orgs/${org}/commands/${name}`, body, headers);

/** As of all that the log holds now. */
async function read(sub: string, path: string): Promise<Entry[]> {
  const head = await api.services.store.head();
  const token = consistencyToken(api.services.storeId, head === undefined ? '' : positionText(head));
  const { status, body } = await send(sub, path, undefined, { 'consistency-token': token });
  expect([path, status]).toEqual([path, 200]);
  return body.entries;
}

const refusals = (query = '') => read('ann', `/v1/orgs/${org}/audit?outcome=denied${query}`);
const ruled = () => read('ann', `/v1/orgs/${org}/audit?outcome=refused`);
const strangers = () => read('operator', '/v1/realm/activity?outcome=denied&limit=200');

async function eventsOf(stream: string): Promise<number> {
  let count = 0;
  for await (const page of api.services.store.read(stream, 0n)) count += page.length;
  return count;
}

describe('a refused command', () => {
  it('N times gives exactly N entries, also when they come at once (G12, G13, P14)', async () => {
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, i) => command('bob', 'AddMember', { userId: `new-${i}`, role: 'org.member' })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    const entries = await refusals('&limit=200');
    expect(entries).toHaveLength(25);
    expect(new Set(entries.map(({ targets }) => targets[0])).size).toBe(25);
  });

  it('tells who, by what right not, on what, and nothing of what would have been written', async () => {
    const body = { environmentId: 'plans', name: 'A very private name' };
    const { status } = await command('bob', 'CreateEnvironment', body, { 'x-request-id': 'request-1' });
    expect(status).toBe(403);
    const [entry, ...others] = await refusals();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      stream: `activity-${org}`,
      event: 'CommandRefused',
      action: 'CreateEnvironment',
      actor: 'bob',
      credential: expect.any(String),
      outcome: 'denied',
      role: 'org.member',
      reason: 'role_lacks_permission',
      permission: 'environment:create',
      targets: ['plans'],
      correlation: 'request-1',
    });
    expect(JSON.stringify(entry)).not.toContain('private');
    expect(await read('ann', `/v1/orgs/${org}/audit?credential=${entry?.credential}`)).toContainEqual(entry);
    expect(await read('ann', `/v1/orgs/${org}/audit?target=plans`)).toEqual([entry]);
  });

  it('by a rule is one too, with the code of its answer', async () => {
    const { status, body } = await command('ann', 'DeleteEnvironment', { environmentId: 'none' });
    expect([status, body.code]).toEqual([422, 'environment_not_found']);
    expect((await ruled()).map(({ action, reason, role, targets }) => [action, reason, role, targets])).toEqual([
      ['DeleteEnvironment', 'environment_not_found', 'org.admin', ['none']],
    ]);
  });

  it('in a batch is one entry for the batch', async () => {
    const add = (userId: string) => ({ command: 'AddMember', input: { userId, role: 'org.member' } });
    await send('bob', `/v1/orgs/${org}/commands`, { commands: [add('x'), add('y')] });
    await send('ann', `/v1/orgs/${org}/commands`, {
      commands: [add('x'), { command: 'DeleteEnvironment', input: { environmentId: 'none' } }],
    });
    expect((await refusals()).map(({ action, targets }) => [action, targets])).toEqual([['Batch', ['x', 'y']]]);
    expect((await ruled()).map(({ action, targets }) => [action, targets])).toEqual([['DeleteEnvironment', ['none']]]);
  });

  it('is decided and recorded anew when it is repeated under its key, and linked by its command id', async () => {
    const again = () => command('bob', 'RemoveMember', { userId: 'ann' }, { 'idempotency-key': 'k' });
    await again();
    await again();
    const entries = await refusals();
    expect(entries).toHaveLength(2);
    expect(new Set(entries.map(({ commandId }) => commandId)).size).toBe(1);
  });

  it('leaves nothing anywhere on a dry run', async () => {
    // Whoever is seen for the first time leaves that.
    await Promise.all(['ann', 'bob', 'eve'].map((sub) => send(sub, '/v1/me')));
    const before = await api.services.store.head();
    const dry = { 'dry-run': 'true' };
    expect((await command('ann', 'DeleteEnvironment', { environmentId: 'none' }, dry)).status).toBe(422);
    expect((await command('bob', 'RemoveMember', { userId: 'ann' }, dry)).status).toBe(403);
    expect((await command('eve', 'RemoveMember', { userId: 'ann' }, dry)).status).toBe(404);
    expect(await api.services.store.head()).toEqual(before);
  });

  it('is not what could not be understood, or decided', async () => {
    await command('ann', 'AddMember', { userId: 'x' });
    await command('ann', 'AddMember', { userId: 'x', role: 'org.member' }, { 'if-match': '"0"' });
    expect(await eventsOf(`activity-${org}`)).toBe(0);
  });

  it('of a stranger stands in the activity of the realm, whether there is such an organization or not', async () => {
    const before = (await strangers()).length;
    await command('eve', 'RemoveMember', { userId: 'ann' });
    await send('eve', '/v1/orgs/missing/commands/RemoveMember', { userId: 'ann' });
    await send('eve', '/v1/realm/commands/CreateOrg', { orgId: 'eves', name: 'Eve', ownerId: 'eve' });
    const entries = (await strangers()).slice(0, -before || undefined);
    expect(
      entries.map(({ action, reason, data, stream }) => [action, reason, Reflect.get(data, 'orgId'), stream]),
    ).toEqual([
      ['CreateOrg', 'role_lacks_permission', undefined, 'activity-realm:default'],
      ['RemoveMember', 'not_found', 'missing', 'activity-realm:default'],
      ['RemoveMember', 'not_found', org, 'activity-realm:default'],
    ]);
    expect(await eventsOf(`activity-${org}`)).toBe(0);
    expect((await send('ann', '/v1/realm/activity')).status).toBe(403);
  });

  it('under a scheme that has none audited leaves nothing', async () => {
    await done('operator@quiet', '/v1/realm/commands/CreateOrg', { orgId: `q${org}`, name: 'Q', ownerId: 'ann@quiet' });
    const path = `/v1/orgs/q${org}/commands/DeleteEnvironment`;
    expect((await send('ann@quiet', path, { environmentId: 'none' })).status).toBe(422);
    expect((await send('eve@quiet', path, { environmentId: 'none' })).status).toBe(404);
    expect(await eventsOf(`activity-q${org}`)).toBe(0);
    expect(await eventsOf('activity-realm:quiet')).toBe(0);
  });

  it("in the realm's activity is read by the platform under every scheme, and organizations' as the scheme says (X-04)", async () => {
    await done('operator@quiet', '/v1/realm/commands/SetLoginMethods', { methods: [`of-${org}`] });
    const auditor = { userId: 'aud@quiet', role: 'platform.auditor' };
    await done('operator@quiet', '/v1/realm/commands/AssignPlatformRole', {
      ...auditor,
      notAfter: '2100-01-01T00:00:00.000Z',
    });
    await done('operator@quiet', '/v1/realm/commands/AddPlatformAdmin', { userId: 'second@quiet' });
    await done('second@quiet', '/v1/realm/commands/ConfirmPlatformRole', auditor);
    await done('operator@quiet', '/v1/realm/commands/CreateOrg', { orgId: `a${org}`, name: 'A', ownerId: 'oz@quiet' });
    for (const sub of ['operator@quiet', 'aud@quiet']) {
      const [entry] = await read(sub, '/v1/realm/activity?action=SetLoginMethods&limit=1');
      expect(entry).toMatchObject({ actor: 'operator@quiet', event: 'LoginMethodsSet', stream: 'realm-quiet' });
      expect((await send(sub, `/v1/orgs/a${org}/audit`)).status).not.toBe(200);
    }
    expect((await send('oz@quiet', '/v1/realm/activity')).status).toBe(403);
  });

  it('is one entry also where the event store took it and did not say so', async () => {
    const { store } = api.services;
    const append = store.append.bind(store);
    let lost = 0;
    store.append = async (stream, ...rest) => {
      const outcome = await append(stream, ...rest);
      if (!stream.startsWith('activity-') || lost++ > 1) return outcome;
      throw new EventStoreUnavailable('the answer was lost');
    };
    try {
      expect((await command('bob', 'RemoveMember', { userId: 'ann' })).status).toBe(403);
    } finally {
      store.append = append;
    }
    expect(lost).toBe(3);
    expect(await refusals()).toHaveLength(1);
  });

  it('is answered also while nothing can be recorded', async () => {
    const { store } = api.services;
    const append = store.append.bind(store);
    store.append = async (stream, ...rest) => {
      if (stream.startsWith('activity-')) throw new EventStoreUnavailable('down');
      return append(stream, ...rest);
    };
    try {
      expect((await command('bob', 'RemoveMember', { userId: 'ann' })).status).toBe(403);
    } finally {
      store.append = append;
    }
  });
});

describe('a refused read', () => {
  it('is an entry where the scheme has all refusals audited; a false evaluation is an answer', async () => {
    const members = await send('bob', `/v1/orgs/${org}/members`);
    expect(members.status).toBe(403);
    await send('bob', '/access/v1/evaluation', {
      subject: { type: 'user', id: 'bob' },
      action: { name: 'member:manage' },
      resource: { type: 'org', id: org },
    });
    expect((await refusals()).map(({ event, action, permission }) => [event, action, permission])).toEqual([
      ['ReadRefused', 'Members', 'member:list'],
    ]);
  });

  it('of a stranger stands in the activity of the realm', async () => {
    expect((await send('eve', `/v1/orgs/${org}/audit`)).status).toBe(404);
    const [entry] = await strangers();
    expect(entry).toMatchObject({ event: 'ReadRefused', action: 'Audit', targets: [org], reason: 'not_found' });
    expect(await eventsOf(`activity-${org}`)).toBe(0);
  });
});

describe('a read of the audit log', () => {
  const reads = async () =>
    (await read('ann', `/v1/orgs/${org}/audit?action=ReadAudit`)).filter(({ data }) => !('action' in filterOf(data)));
  const filterOf = (data: object) => (data as { filter: Record<string, unknown> }).filter;

  it('is recorded, once for a window, a caller and a filter, whatever the page', async () => {
    for (let i = 0; i < 3; i++) await read('ann', `/v1/orgs/${org}/audit?limit=1`);
    const { body } = await send('ann', `/v1/orgs/${org}/audit?limit=1`);
    await send('ann', `/v1/orgs/${org}/audit?limit=1&cursor=${body.next}`);
    await read('ann', `/v1/orgs/${org}/audit?actor=ann`);
    await read('operator', `/v1/orgs/${org}/audit`);
    expect((await reads()).map(({ actor, data }) => [actor, filterOf(data)])).toEqual([
      ['operator', {}],
      ['ann', { actor: 'ann' }],
      ['ann', {}],
    ]);
    clock.advance(600_000);
    await read('ann', `/v1/orgs/${org}/audit`);
    expect(await reads()).toHaveLength(4);
  });

  it('keeps nothing of a value that matched nothing', async () => {
    await read('ann', `/v1/orgs/${org}/audit?actor=${encodeURIComponent('Bobby Tables')}&outcome=denied`);
    const [entry] = await reads();
    expect(filterOf(entry?.data ?? {})).toEqual({ actor: null, outcome: null });
  });
});

it('both streams stand in one order, and a page stays where it is while others act', async () => {
  await command('bob', 'RemoveMember', { userId: 'ann' });
  await done('ann', `/v1/orgs/${org}/commands/AddMember`, { userId: 'cat', role: 'org.member' });
  await command('bob', 'RemoveMember', { userId: 'cat' });
  const path = `/v1/orgs/${org}/audit?limit=2`;
  const entries = await read('ann', path);
  const first = await send('ann', path);
  const ids = (list: readonly { eventId?: string }[]) => list.map(({ eventId }) => eventId);
  const next = async () => (await send('ann', `${path}&cursor=${first.body.next}`)).body.entries;
  const second = await next();
  await command('bob', 'RemoveMember', { userId: 'cat' });
  await done('ann', `/v1/orgs/${org}/commands/AddMember`, { userId: 'dan', role: 'org.member' });
  await read('ann', path);
  expect(ids(await next())).toEqual(ids(second));
  const all = await read('ann', `/v1/orgs/${org}/audit?limit=200`);
  const positions = all.map((entry) => BigInt(entry.position.split('/')[0] ?? ''));
  expect(positions).toEqual([...positions].sort((a, b) => (a < b ? 1 : -1)));
  expect(new Set(all.map(({ stream }) => stream))).toEqual(new Set([`org-${org}`, `activity-${org}`]));
  expect(entries).toHaveLength(2);
  const foreign = await send('ann', `/v1/orgs/${org}/audit?limit=2&actor=bob&cursor=${first.body.next}`);
  expect([foreign.status, foreign.body.code]).toEqual([400, 'invalid']);
});
