import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { type XRole, type XRow, xRoles, xRows, xSchemes } from './x.cells.js';

/** Who holds each role of a realm in the organization `acme-<realm>`, as the log names them; machines by their key. */
const people: { readonly [R in XRole]: string } = {
  'org.owner': 'olga',
  'org.admin': 'ada',
  'a plain member': 'mel',
  'org.auditor': 'aud',
  'org.privacy-officer': 'pia',
  'org.checker': 'ci',
  'platform.admin': 'op',
  'platform.auditor': 'pat',
  'platform.privacy-officer': 'pip',
  'platform.checker': 'pcs',
  'a stranger': 'eve',
};
const members: readonly XRole[] = ['org.owner', 'org.admin', 'a plain member', 'org.auditor', 'org.privacy-officer'];
const notAfter = '2030-01-01T00:00:00.000Z';

let api: TestApi;
let token = '';
const keys = new Map<string, string>();
/** Of service accounts whose role is that of a plain member. */
const plainKeys = new Map<string, string>();

async function bearer(realm: string, role: XRole, sub: string): Promise<string> {
  if (role === 'org.checker') return `Bearer ${keys.get(realm)}`;
  const claims = {
    realm,
    ...(sub === 'root' ? { email: 'admin@localhost' } : {}),
    ...(sub === 'op' ? { groups: ['ops'] } : {}),
  };
  const own = await api.bearer(sub, claims);
  return realm === 'projects' && members.includes(role) ? api.enter(own, `acme-${realm}`, token) : own;
}

async function send(realm: string, role: XRole, path: string, body: object, more: object = {}, sub = people[role]) {
  const headers = {
    authorization: await bearer(realm, role, sub),
    ...(token === '' ? {} : { 'consistency-token': token }),
    ...more,
  };
  const answer = await api.http.send({ path: `/${path}`, headers, body });
  const { 'consistency-token': seen } = answer.headers;
  if (answer.status === 200 && typeof seen === 'string') token = seen;
  return { status: answer.status, body: JSON.parse(answer.text) };
}

async function done(...[realm, role, target, body, sub]: [string, XRole, string, object, string?]) {
  const answer = await send(realm, role, `v1/${target}`, body, {}, sub);
  expect([realm, target, answer.status, answer.body]).toEqual([realm, target, 200, expect.anything()]);
  return answer.body;
}

/** Every role, as a realm of the scheme comes by it: by commands alone. */
async function begin(realm: string): Promise<void> {
  const { member, owner } = xSchemes[realm] ?? { member: '', owner: false };
  const id = (role: XRole) => `${people[role]}@${realm}`;
  const inOrg = (name: string) => `orgs/acme-${realm}/commands/${name}`;
  const first: XRole = owner ? 'org.owner' : 'org.admin';
  const byPlatform = realm === 'enterprise' || realm === 'gateway';
  const org = { orgId: `acme-${realm}`, name: 'Acme', ownerId: id(first) };
  await done(realm, byPlatform ? 'platform.admin' : first, 'realm/commands/CreateOrg', org);
  // A second one, who confirms what the first assigns.
  if (owner) await done(realm, first, inOrg('AddMember'), { userId: id('org.admin'), role: 'org.admin' });
  const second = owner ? people['org.admin'] : 'abe';
  if (!owner) await done(realm, 'platform.admin', inOrg('AppointOrgAdmin'), { userId: `${second}@${realm}` });
  for (const role of ['a plain member', 'org.auditor', 'org.privacy-officer'] as const)
    await done(realm, first, inOrg('AddMember'), { userId: id(role), role: member });
  for (const role of ['org.auditor', 'org.privacy-officer'] as const) {
    await done(realm, first, inOrg('AssignRole'), { userId: id(role), role, notAfter });
    await done(realm, 'org.admin', inOrg('ConfirmRole'), { userId: id(role), role }, second);
  }
  await done(realm, first, inOrg('CreateServiceAccount'), { accountId: 'ci', name: 'CI', role: 'org.checker' });
  await done(realm, first, inOrg('CreateServiceAccount'), { accountId: 'plain', name: 'Plain', role: member });
  for (const [accountId, keysOf] of [
    ['ci', keys],
    ['plain', plainKeys],
  ] as const)
    keysOf.set(realm, (await done(realm, first, inOrg('IssueServiceAccountKey'), { accountId })).result.key);
  for (const role of ['platform.auditor', 'platform.privacy-officer', 'platform.checker'] as const) {
    const end = role === 'platform.checker' ? {} : { notAfter };
    await done(realm, 'platform.admin', 'realm/commands/AssignPlatformRole', { userId: id(role), role, ...end });
    if (role !== 'platform.checker')
      await done(realm, 'platform.admin', 'realm/commands/ConfirmPlatformRole', { userId: id(role), role }, 'root');
  }
}

beforeAll(async () => {
  const REALMS = Object.keys(xSchemes)
    .map((id) => `${id}=${id}`)
    .join(',');
  api = await startTestApi({ environment: { REALMS, PLATFORM_ADMIN_GROUP: 'ops', READ_WAIT_MS: '20000' } });
  for (const realm of Object.keys(xSchemes)) await begin(realm);
}, 120_000);
afterAll(() => api?.stop());

describe.each(Object.entries(xSchemes))('HTTP: what %s has beyond its source', (realm, { owner }) => {
  const holders = xRoles.filter((role) => owner || role !== 'org.owner');
  const isHeld = ({ holders: by, also }: XRow, role: XRole) =>
    by.includes(role) || also?.[realm]?.includes(role) === true;
  const subjectOf = (role: XRole) =>
    role === 'org.checker'
      ? { type: 'service', id: `acme-${realm}/ci` }
      : { type: 'user', id: `${people[role]}@${realm}` };
  const resourceOf = ({ place }: XRow, role: XRole) =>
    ({
      realm: { type: 'realm', id: realm },
      org: { type: 'org', id: `acme-${realm}` },
      'own account': { type: 'account', id: subjectOf(role).id },
      'other account': { type: 'account', id: `mel-other@${realm}` },
    })[place];

  it.each(holders)('evaluations answer the %s by every row X-01 to X-08', async (role) => {
    // A machine has no account; that it asks about itself is what is done here and below.
    const rows = xRows.filter(({ place }) => role !== 'org.checker' || place !== 'own account');
    const asked = rows.flatMap((row) =>
      row.permissions.map((name) => ({ row, evaluation: { action: { name }, resource: resourceOf(row, role) } })),
    );
    const body = { subject: subjectOf(role), evaluations: asked.map(({ evaluation }) => evaluation) };
    const { status, body: answer } = await send(realm, role, 'access/v1/evaluations', body);
    const said = (decision: boolean) => (decision ? 'allowed' : 'denied');
    const cell = (i: number, decision: boolean) =>
      `${asked[i]?.row.row} ${asked[i]?.evaluation.action.name} of ${asked[i]?.row.place}: ${said(decision)}`;
    expect([
      status,
      answer.evaluations?.map(({ decision }: { decision: boolean }, i: number) => cell(i, decision)),
    ]).toEqual([200, asked.map(({ row }, i) => cell(i, isHeld(row, role)))]);
  });

  it.each(holders)('commands of the rows X-03, X-05 and X-06 are there for the %s as the rows say', async (role) => {
    for (const row of xRows.filter(({ command }) => command !== undefined)) {
      const [target, name, input] = row.command?.({ realm, orgId: `acme-${realm}` }) ?? ['', '', {}];
      const { status } = await send(realm, role, `v1/${target}/commands/${name}`, input, { 'dry-run': 'true' });
      // A rule may stand against who has the right: in teams, mel is the last owner of what sign-up has given them.
      const told = status === 200 || (status === 409 && name === 'EraseUser') ? 'allowed' : 'denied';
      expect([200, 403, 404, 409]).toContain(status);
      expect([row.row, name, told]).toEqual([row.row, name, isHeld(row, role) ? 'allowed' : 'denied']);
    }
  });

  it('a machine that is no checker asks what itself may do, and is told of others as of nobody (X-01, X-02)', async () => {
    const org = `acme-${realm}`;
    const machine = (id: string) => ({ type: 'service', id: `${org}/${id}` });
    const user = (sub: string) => ({ type: 'user', id: `${sub}@${realm}` });
    const ask = async (key: string | undefined, path: string, body: object) => {
      const headers = { authorization: `Bearer ${key}`, 'consistency-token': token };
      const request = { resource: { type: 'org', id: org }, ...body };
      const { status, text } = await api.http.send({ path: `/access/v1/${path}`, headers, body: request });
      const { context, ...answer } = JSON.parse(text);
      return { status, reason: context?.reason, answer };
    };
    /** Alone, and in a batch. */
    const decided = async (key: string | undefined, subject: object, name: string) => {
      const question = { subject, action: { name } };
      const { status, reason, answer } = await ask(key, 'evaluation?explain=true', question);
      const batch = await ask(key, 'evaluations', { evaluations: [question] });
      expect([batch.status, batch.answer.evaluations[0].decision]).toEqual([status, answer.decision]);
      return [status, answer.decision, reason];
    };
    const [plain, checker] = [plainKeys.get(realm), keys.get(realm)];
    const itself = machine('plain');
    expect(await decided(plain, itself, 'org:view')).toEqual([200, true, 'allowed']);
    expect(await decided(plain, itself, 'member:manage')).toEqual([200, false, 'role_lacks_permission']);
    expect((await ask(plain, 'search/action', { subject: itself })).answer.results).toContainEqual({
      name: 'org:view',
    });
    for (const [other, permission] of [
      [machine('ci'), 'decision:evaluate'],
      [user('ada'), 'org:view'],
      [user('mel'), 'org:view'],
    ] as const) {
      expect(await decided(checker, other, permission)).toEqual([200, true, 'allowed']);
      expect(await decided(plain, other, permission)).toEqual([200, false, 'unknown_subject']);
      expect((await ask(plain, 'search/action', { subject: other })).answer.results).toEqual([]);
    }
    expect(await decided(plain, user('nobody'), 'org:view')).toEqual([200, false, 'unknown_subject']);
    const everybody = { subject: { type: 'user' }, action: { name: 'org:view' } };
    expect((await ask(checker, 'search/subject', everybody)).answer.results).toContainEqual(user('mel'));
    expect((await ask(plain, 'search/subject', everybody)).answer.results).toEqual([]);
  });
});
