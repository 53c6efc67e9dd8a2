import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RunningScheme, startScheme } from './running-scheme.js';

let world: RunningScheme;
const factory = 'orgs/factory';

beforeAll(async () => {
  world = await startScheme('projects');
  await world.done('max', 'realm', 'CreateOrg', { orgId: 'factory', name: 'Factory', ownerId: 'max' });
  for (const [userId, role] of [
    ['ada', 'org.admin'],
    ['liu', 'org.member'],
  ])
    await world.done('max', factory, 'AddMember', { userId, role });
  await world.done('liu', 'realm', 'CreateOrg', { orgId: 'sandbox', name: 'Sandbox', ownerId: 'liu' });
}, 60_000);
afterAll(() => world?.stop());

const listed = async (sub: string, path: string, field: string): Promise<readonly string[]> =>
  (await world.get(sub, path)).body[field].map(({ id }: { id: string }) => id);

it('one account is in several organizations, with one role in each; members are told by their address (R2, R5, R6)', async () => {
  expect((await world.get('liu', 'me')).body).toMatchObject({
    email: 'liu@acme.test',
    organizations: [
      { id: 'factory', role: 'org.member' },
      { id: 'sandbox', role: 'org.owner' },
    ],
  });
  const second = await world.post('max', factory, 'AddMember', { userId: 'liu', role: 'org.admin' });
  expect(second).toMatchObject({ status: 409, body: { code: 'already_member' } });
  await world.done('max', factory, 'ChangeMemberRole', { userId: 'liu', role: 'org.admin' });
  await world.done('max', factory, 'ChangeMemberRole', { userId: 'liu', role: 'org.member' });
  expect((await world.get('max', `${factory}/members`)).body.members).toMatchObject([
    { id: 'ada', role: 'org.admin' },
    { id: 'liu', role: 'org.member', email: 'liu@acme.test' },
    { id: 'max', role: 'org.owner', email: 'max@acme.test' },
  ]);
});

it('members, plan, credits, payment, projects and environments are of one organization each (R1, R3, R4)', async () => {
  const method = { provider: 'stripe', reference: 'pm_1', last4: '4242' };
  await world.done('max', factory, 'ChangeSubscription', { plan: 'scale' });
  await world.done('max', factory, 'BuyCredits', { purchaseId: 'p', credits: 100 });
  await world.done('max', factory, 'SavePaymentMethod', method);
  for (const [environmentId, kind] of [
    ['line', 'project'],
    ['live', 'environment'],
  ])
    await world.done('max', factory, 'CreateEnvironment', { environmentId, name: environmentId, kind });
  await world.done('liu', 'orgs/sandbox', 'CreateEnvironment', { environmentId: 'live', name: 'Mine' });

  expect((await world.get('max', `${factory}/billing`)).body).toMatchObject({
    plan: 'scale',
    credits: { bought: 100 },
    paymentMethod: { last4: '4242' },
  });
  const theirs = (await world.get('liu', 'orgs/sandbox/billing')).body;
  expect(theirs).toMatchObject({ credits: { bought: 0 } });
  expect(theirs).not.toHaveProperty('paymentMethod');
  expect(await listed('max', `${factory}/environments`, 'environments')).toEqual(['line', 'live']);
  expect(await listed('liu', 'orgs/sandbox/environments', 'environments')).toEqual(['live']);
  expect(await listed('liu', 'orgs/sandbox/members', 'members')).toEqual(['liu']);
});

it('owner and admin take what costs; a member builds and runs, and takes none of it (R7 to R10)', async () => {
  const steps = [
    ['BuyCredits', { credits: 1 }],
    ['SavePaymentMethod', { provider: 'stripe', reference: 'pm_2', last4: '4343' }],
    ['SetAutoRecharge', { below: 1, credits: 10 }],
    ['ChangeSubscription', { plan: 'starter' }],
    ['AddMember', { userId: 'newcomer', role: 'org.member' }],
    ['CreateEnvironment', { environmentId: 'another', name: 'Another' }],
  ] as const;
  for (const [name, body] of steps) {
    const answers = [];
    for (const sub of ['max', 'ada', 'liu'])
      answers.push((await world.post(sub, factory, name, body, { 'dry-run': 'true' })).status);
    expect([name, answers]).toEqual([name, [200, 200, 403]]);
  }
  for (const permission of ['rule:build', 'rule:run'])
    expect(await world.may('liu', permission, 'project', 'factory/line')).toBe(true);
  const [owner, admin] = [await world.permissions('max', 'factory'), await world.permissions('ada', 'factory')];
  expect(owner).toEqual(expect.arrayContaining([...admin]));
});

it('any account creates an organization and owns it, under a name that is not the platform’s own (R14, R15)', async () => {
  const own = { orgId: 'own', name: 'Own', ownerId: 'noor' };
  const reserved = { status: 422, body: { code: 'name_reserved' } };
  expect(await world.post('noor', 'realm', 'CreateOrg', { ...own, name: 'SUPPORT' })).toMatchObject(reserved);
  await world.done('noor', 'realm', 'CreateOrg', own);
  expect((await world.get('noor', 'me')).body.organizations).toMatchObject([{ id: 'own', role: 'org.owner' }]);
  expect(await world.post('noor', 'orgs/own', 'UpdateOrg', { name: 'support' })).toMatchObject(reserved);
  await world.done('noor', 'orgs/own', 'UpdateOrg', { name: 'Renamed' });
  expect((await world.get('noor', 'orgs/own')).body.name).toBe('Renamed');
});

it('from the home view administrators reach members, plan, billing and environments; a member usage and environments alone (R15, R17)', async () => {
  for (const sub of ['max', 'ada', 'liu']) expect(await world.permissions(sub, 'factory')).toContain('dashboard:view');
  for (const [path, member] of [
    ['members', 403],
    ['billing', 403],
    ['usage/limits', 200],
    ['environments', 200],
  ] as const) {
    for (const sub of ['max', 'ada']) expect((await world.get(sub, `${factory}/${path}`)).status).toBe(200);
    expect([path, (await world.get('liu', `${factory}/${path}`)).status]).toEqual([path, member]);
  }
  await world.done('ada', factory, 'UpdateOrg', { name: 'The Factory' });
  expect((await world.post('liu', factory, 'UpdateOrg', { name: 'Mine' })).status).toBe(403);
});

it('an organization keeps its last owner (R20)', async () => {
  expect((await world.post('max', factory, 'LeaveOrg')).body).toMatchObject({
    status: 409,
    code: 'role_holders_short',
  });
  const demoted = await world.post('max', factory, 'ChangeMemberRole', { userId: 'max', role: 'org.member' });
  expect(demoted.body).toMatchObject({ status: 409, code: 'role_holders_short' });
  await world.done('max', factory, 'ChangeMemberRole', { userId: 'ada', role: 'org.owner' });
  await world.done('max', factory, 'LeaveOrg');
  expect((await world.post('ada', factory, 'LeaveOrg')).status).toBe(409);
});
