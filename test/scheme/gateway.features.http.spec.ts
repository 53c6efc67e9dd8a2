import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RunningScheme, startScheme } from './running-scheme.js';

let world: RunningScheme;
const gated = 'orgs/gated';

beforeAll(async () => {
  world = await startScheme('gateway');
  await world.done('root', 'realm', 'CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gus' });
  await world.done('op', 'realm', 'CreateOrg', { orgId: 'other', name: 'Other', ownerId: 'olga' });
  for (const userId of ['mel', 'moe']) await world.done('gus', gated, 'AddMember', { userId, role: 'org.member' });
}, 60_000);
afterAll(() => world?.stop());

const shared = [
  ['SetRouting', { document: { default: 'gpt-4o' } }, 'routing:manage'],
  ['SetGuardrails', { document: { block: [] } }, 'guardrail:manage'],
  ['SetBudget', { amount: 100, currency: 'EUR', period: 'month' }, 'budget:manage'],
  ['AddOrgMcpServer', { serverId: 's', name: 'S', url: 'https://mcp.gated.test/s' }, 'mcp-server:manage'],
  ['ConfigureSso', { issuer: 'https://login.gated.test', clientId: 'c', domains: ['gated.test'] }, 'sso:manage'],
  ['CreateEnvironment', { environmentId: 'p', name: 'P' }, 'environment:create'],
  ['AddMember', { userId: 'new', role: 'org.member' }, 'member:manage'],
  [
    'AddProviderKey',
    { keyId: 'k', provider: 'openai', name: 'K', credential: { apiKey: 'sk-of-a-feature-0000' } },
    'provider-key:manage',
  ],
] as const;

it('one model decides what is told, what is evaluated and what is done, for each role (G1, G2, G8, G20, G22)', async () => {
  for (const [sub, org, allowed] of [
    ['root', 'gated', true],
    ['gus', 'gated', true],
    ['mel', 'gated', false],
    ['olga', 'gated', false],
    ['gus', 'other', false],
  ] as const) {
    const told = await world.permissions(sub, org);
    for (const [name, body, permission] of shared) {
      const { status } = await world.post(sub, `orgs/${org}`, name, body, { 'dry-run': 'true' });
      const evaluated = await world.may(sub, permission, 'org', org);
      expect([sub, org, permission, told.includes(permission), evaluated, status === 200]).toEqual([
        sub,
        org,
        permission,
        allowed,
        allowed,
        allowed,
      ]);
    }
  }
});

it('platform admins create and delete organizations and set prices; an admin of one does not (G3, G5)', async () => {
  const brief = { orgId: 'brief', name: 'Brief', ownerId: 'gus' };
  expect((await world.post('gus', 'realm', 'CreateOrg', brief)).status).toBe(403);
  await world.done('root', 'realm', 'CreateOrg', brief);
  expect((await world.post('gus', 'orgs/brief', 'DeleteOrg')).status).toBe(403);
  await world.done('root', 'orgs/brief', 'DeleteOrg');
  expect((await world.get('gus', 'orgs/brief')).status).toBe(404);
  expect((await world.post('gus', 'realm', 'SetPricing', { document: { gpt: 1 } })).status).toBe(403);
  await world.done('root', 'realm', 'SetPricing', { document: { gpt: 1 } });
});

it('a platform admin appoints org admins; the membership alone makes one, in that organization (G4, G15)', async () => {
  const moe = { userId: 'moe' };
  for (const [name, input] of [
    ['AppointOrgAdmin', moe],
    ['ChangeMemberRole', { ...moe, role: 'org.admin' }],
  ] as const)
    expect((await world.post('gus', gated, name, input)).status).toBe(403);
  await world.done('root', gated, 'AppointOrgAdmin', moe);
  expect(await world.permissions('moe', 'gated')).toEqual(await world.permissions('gus', 'gated'));
  expect(await world.may('moe', 'member:manage', 'org', 'other')).toBe(false);
  await world.done('root', gated, 'ChangeMemberRole', { userId: 'moe', role: 'org.member' });
  expect(await world.may('moe', 'member:manage', 'org', 'gated')).toBe(false);
});

it('a platform admin is one by the group or by the address, and by no other (G14, G17)', async () => {
  for (const [sub, allowed] of [
    ['op', true],
    ['root', true],
    ['gus', false],
    ['nobody', false],
  ] as const)
    expect([sub, await world.may(sub, 'org:create', 'realm', 'default')]).toEqual([sub, allowed]);
});

it('a person is there from the first sign-in on, and a plain member once in an organization (G16, G18)', async () => {
  expect((await world.get('fresh', 'me')).body).toMatchObject({
    id: 'fresh',
    email: 'fresh@acme.test',
    organizations: [],
  });
  await world.done('gus', gated, 'AddMember', { userId: 'fresh', role: 'org.member' });
  expect(await world.permissions('fresh', 'gated')).toEqual(['org:leave', 'org:select', 'org:view']);
  expect(await world.may('fresh', 'own-api-key:manage', 'account', 'fresh')).toBe(true);
});

it("the audit log and the usage of an organization are its admin's and the platform's, and nobody else's (G7, G9, G21)", async () => {
  for (const [sub, status] of [
    ['gus', 200],
    ['root', 200],
    ['op', 200],
    ['mel', 403],
    ['olga', 404],
  ] as const)
    for (const path of ['audit', 'usage'])
      expect([sub, path, (await world.get(sub, `${gated}/${path}`)).status]).toEqual([sub, path, status]);
});

it('a forged header changes nothing, and without a token nothing is answered (G19, G23)', async () => {
  const forged = {
    'x-user-id': 'gus',
    'x-forwarded-user': 'gus',
    'x-email': 'admin@localhost',
    'x-groups': 'operators',
  };
  for (const path of ['audit', 'members', 'settings'])
    expect([path, (await world.get('mel', `${gated}/${path}`, forged)).status]).toEqual([path, 403]);
  for (const [name, body] of shared)
    expect([name, (await world.post('mel', gated, name, body, forged)).status]).toEqual([name, 403]);
  for (const path of ['me', 'orgs', gated, `${gated}/audit`, `${gated}/settings`])
    expect((await world.get('gus', path, { authorization: 'Bearer none' })).status).toBe(401);
});

it('a refusal is told as forbidden, and stands in the audit log with who, what and by what right not (G12, G13)', async () => {
  const { status, body } = await world.post('moe', gated, 'SetGuardrails', { document: {} });
  expect([status, body.code, body.permission]).toEqual([403, 'forbidden', 'guardrail:manage']);
  const { entries } = (await world.get('gus', `${gated}/audit?outcome=denied&actor=moe&action=SetGuardrails`)).body;
  expect(entries).toMatchObject([{ actor: 'moe', action: 'SetGuardrails', outcome: 'denied' }]);
});
