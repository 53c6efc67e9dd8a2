import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { gateway } from '#libs/domain/schemes/gateway.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

const HOUR_MS = 3_600_000;
const clock = new TestClock();
let api: TestApi;
let seen: string | undefined;

/** `op` administers the platform by the group, `root` by the address, `both` by either. */
const claims: Readonly<Record<string, { email?: string; groups?: string[] }>> = {
  op: { email: 'op@acme.test', groups: ['operators', 'others'] },
  root: { email: 'root@acme.test' },
  both: { email: 'both@acme.test', groups: ['operators'] },
};

async function send(sub: string, path: string, body?: object, shown = claims[sub]) {
  const authorization = await api.bearer(sub, shown);
  const headers = { authorization, ...(seen === undefined ? {} : { 'consistency-token': seen }) };
  const answer = await api.http.send({ path, headers, body });
  const { 'consistency-token': token } = answer.headers;
  if (typeof token === 'string') seen = token;
  return { status: answer.status, text: answer.text, json: () => JSON.parse(answer.text) };
}

const createOrg = async (sub: string, orgId: string, shown = claims[sub]) => {
  const answer = await send(sub, '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId: 'gus' }, shown);
  return { status: answer.status, ...answer.json() };
};

/** As the owner asks about somebody else. */
async function mayReadAudit(person: string) {
  const subject = { type: 'user', id: person };
  const question = { subject, action: { name: 'audit:read' }, resource: { type: 'org', id: 'gated' } };
  const { decision, context } = (await send('gus', '/access/v1/evaluation?explain=true', question)).json();
  return { decision, ...context };
}

async function observed(person: string) {
  const events = [];
  for await (const page of api.services.store.read(`user-${person}`, 0n))
    events.push(...page.filter(({ type }) => type === 'ClaimsObserved'));
  return events;
}

beforeAll(async () => {
  const environment = {
    REALMS: 'default=gateway',
    PLATFORM_ADMIN_GROUP: 'operators',
    PLATFORM_ADMIN_EMAILS: 'root@acme.test,both@acme.test',
    READ_WAIT_MS: '20000',
  };
  api = await startTestApi({ clock, environment });
  expect(await createOrg('op', 'gated')).toMatchObject({ status: 200 });
}, 60_000);
afterAll(() => api?.stop());

it('the group of a token gives a role only as an event, which is the evidence of what is done by it (G14, G17)', async () => {
  const [claimed] = await observed('op');
  // Of the groups only those that bear on a role.
  expect(claimed).toMatchObject({ data: { groups: ['operators'], emailIndex: null } });
  expect(await mayReadAudit('op')).toMatchObject({
    decision: true,
    role: 'platform.admin',
    evidence: expect.arrayContaining([claimed?.id]),
  });
  expect(await createOrg('mel', 'of-mel')).toMatchObject({ status: 403 });
  expect(await observed('mel')).toEqual([]);
});

it('observed claims count until their maximum age, and again once a token shows them (G17)', async () => {
  expect(await mayReadAudit('op')).toMatchObject({ decision: true });
  clock.advance(24 * HOUR_MS);
  expect(await mayReadAudit('op')).toMatchObject({
    decision: false,
    reason: 'expired',
    examined: [{ role: 'platform.admin', source: 'idp_group', outcome: 'expired' }],
  });
  await send('op', '/v1/me');
  expect(await mayReadAudit('op')).toMatchObject({ decision: true });
  expect(await observed('op')).toHaveLength(2);
  await send('op', '/v1/me', undefined, { email: 'op@acme.test', groups: [] });
  expect(await mayReadAudit('op')).toMatchObject({ decision: false });
});

it('what is done by the list of addresses alone is marked as break-glass in the audit log and its exports (G14, G24)', async () => {
  for (const [sub, orgId] of [
    ['root', 'by-root'],
    ['both', 'by-both'],
  ] as const)
    expect(await createOrg(sub, orgId)).toMatchObject({ status: 200 });
  const entriesOf = async (orgId: string) => (await send('gus', `/v1/orgs/${orgId}/audit`)).json().entries;
  expect(await entriesOf('by-root')).toMatchObject([{ actor: 'root', role: 'platform.admin', breakGlass: true }]);
  for (const [orgId, actor] of [
    ['by-both', 'both'],
    ['gated', 'op'],
  ] as const) {
    const [created] = (await entriesOf(orgId)).slice(-1);
    expect(created).toMatchObject({ actor, role: 'platform.admin', action: 'CreateOrg' });
    expect(created).not.toHaveProperty('breakGlass');
  }
  const csv = (await send('gus', '/v1/orgs/by-root/audit?format=csv')).text.split('\r\n');
  const column = csv[0]?.split(',').indexOf('"breakGlass"') ?? -1;
  expect(csv[1]?.split('","')[column]).toBe('true');
});

it('so is what is read by it, with the role and the events that gave it; of who has the group it is not (G14, G24)', async () => {
  for (const sub of ['root', 'both', 'gus']) {
    expect((await send(sub, '/v1/orgs/gated/audit?action=CreateOrg')).status).toBe(200);
    expect((await send(sub, '/v1/orgs/gated/audit?format=csv')).status).toBe(200);
    expect((await send(sub, '/v1/orgs/gated/reports/access-review')).status).toBe(200);
  }
  expect((await send('root', '/v1/realm/activity')).status).toBe(200);
  const [shown] = await observed('root');
  const reads = ['ReadAudit', 'ExportAudit', 'ReadAccessReview'];
  const entriesOf = async (sub: string, path = `orgs/gated/audit?actor=${sub}`) =>
    (await send('op', `/v1/${path}`)).json().entries.filter(({ action }: { action: string }) => reads.includes(action));
  const [byRoot, byBoth, byGus] = [await entriesOf('root'), await entriesOf('both'), await entriesOf('gus')];
  expect(byRoot.map(({ event }: { event: string }) => event).sort()).toEqual([
    'AccessReviewRead',
    'AuditExportStarted',
    'AuditExported',
    'AuditRead',
  ]);
  const emergency = { role: 'platform.admin', breakGlass: true, evidence: expect.arrayContaining([shown?.id]) };
  for (const entry of [...byRoot, ...(await entriesOf('root', 'realm/activity?actor=root'))])
    expect(entry).toMatchObject({ ...emergency, scheme: 'gateway@1' });
  for (const [entries, role] of [
    [byBoth, 'platform.admin'],
    [byGus, 'org.admin'],
  ])
    for (const entry of entries) {
      expect(entry).toMatchObject({ role, outcome: 'allowed' });
      expect(entry).not.toHaveProperty('breakGlass');
    }
  // He has read it once before.
  expect([byBoth.length, byGus.length]).toEqual([4, 5]);
});

it('what is metered by the list of addresses alone is marked, too, where the scheme lets its role meter (G24)', async () => {
  const roles = gateway.roles.map((role) =>
    role.key === 'platform.admin' ? { ...role, permissions: [...role.permissions, 'usage:record'] } : role,
  );
  const realm = '/v1/realm/commands';
  const document = { ...gateway, version: 2, roles };
  expect(await send('root', `${realm}/DefineRoleScheme`, { document })).toMatchObject({ status: 200 });
  const adopted = { schemeId: 'gateway', version: 2 };
  expect(await send('root', `${realm}/AdoptRoleScheme`, adopted)).toMatchObject({ status: 200 });
  expect(await createOrg('op', 'metered')).toMatchObject({ status: 200 });
  for (const sub of ['root', 'both'])
    expect(
      await send(sub, '/v1/orgs/metered/commands/RecordUsage', { lines: [{ userId: 'gus', requests: 1 }] }),
    ).toMatchObject({ status: 200 });
  const marks: unknown[] = [];
  for await (const page of api.services.store.read('usage-metered', 0n))
    marks.push(...page.map(({ metadata }) => [metadata.actor, metadata.role, metadata.breakGlass]));
  expect(marks).toEqual([
    ['root', 'platform.admin', 'true'],
    ['both', 'platform.admin', undefined],
  ]);
});
