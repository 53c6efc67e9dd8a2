import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { enterprise } from '#libs/domain/schemes/enterprise.js';
import { type RunningScheme, startScheme } from './running-scheme.js';

interface Interval {
  readonly decision: boolean;
  readonly cause?: { readonly type: string };
}

let world: RunningScheme;
const acme = 'orgs/acme';
const key = { keyId: 'k', provider: 'openai', name: 'K', credential: { apiKey: 'sk-of-a-feature-0000' } };

beforeAll(async () => {
  world = await startScheme('enterprise');
  await world.done('root', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await world.done('root', 'realm', 'CreateOrg', { orgId: 'beta', name: 'Beta', ownerId: 'bea' });
}, 60_000);
afterAll(() => world?.stop());

const listed = async (sub: string, path: string, field: string): Promise<readonly string[]> =>
  (await world.get(sub, path)).body[field].map(({ id }: { id: string }) => id);

it('organizations are created by the platform alone, with an owner; a sign-in creates none (T4, T7, T11, T12)', async () => {
  expect((await world.get('nina', 'me')).body.organizations).toEqual([]);
  for (const sub of ['nina', 'olga'])
    expect((await world.post(sub, 'realm', 'CreateOrg', { orgId: 'mine', name: 'Mine', ownerId: sub })).status).toBe(
      403,
    );
  expect(await listed('root', 'orgs', 'organizations')).toEqual(['acme', 'beta']);
  expect((await world.get('root', acme)).body).toMatchObject({ name: 'Acme', ownerId: 'olga' });
  expect((await world.get('olga', `${acme}/members`)).body.members).toMatchObject([{ id: 'olga', role: 'org.owner' }]);
  expect((await world.get('olga', 'orgs/beta')).status).toBe(404);
});

it('the owner appoints admins, admins appoint and remove admins, and the owner may all that they may (T15, T17, T18)', async () => {
  for (const userId of ['ada', 'ali']) await world.done('olga', acme, 'AddMember', { userId, role: 'org.admin' });
  await world.done('ada', acme, 'AddMember', { userId: 'amy', role: 'org.admin' });
  await world.done('amy', acme, 'ChangeMemberRole', { userId: 'ali', role: 'org.participant' });
  await world.done('ada', acme, 'RemoveMember', { userId: 'amy' });
  const admin = await world.permissions('ada', 'acme');
  expect(admin).toContain('environment:create');
  expect(await world.permissions('olga', 'acme')).toEqual(expect.arrayContaining([...admin]));
});

it('members, plan, provider keys and environments are of one organization each (T1, T3, T10, T35)', async () => {
  await world.done('root', acme, 'SetOrgPlan', { plan: 'gold' });
  await world.done('olga', acme, 'AddProviderKey', key);
  for (const environmentId of ['dev', 'stage', 'prod'])
    await world.done('olga', acme, 'CreateEnvironment', { environmentId, name: environmentId });
  await world.done('bea', 'orgs/beta', 'CreateEnvironment', { environmentId: 'prod', name: "Beta's" });

  expect((await world.get('root', acme)).body).toMatchObject({ plan: 'gold' });
  expect((await world.get('root', 'orgs/beta')).body).not.toHaveProperty('plan');
  expect(await listed('bea', 'orgs/beta/provider-keys', 'providerKeys')).toEqual([]);
  expect(await listed('olga', `${acme}/provider-keys`, 'providerKeys')).toEqual(['k']);
  expect(await listed('bea', 'orgs/beta/members', 'members')).toEqual(['bea']);
  expect(await listed('olga', `${acme}/environments`, 'environments')).toEqual(['dev', 'prod', 'stage']);
  expect((await world.get('bea', 'orgs/beta/environments')).body.environments).toMatchObject([{ name: "Beta's" }]);
  expect(await world.may('bea', 'environment:use', 'environment', 'acme/prod')).toBe(false);
});

it('an admin adds and removes participants, environments, their models and keys; a participant none (T19 to T26, T37)', async () => {
  const model = { environmentId: 'lab', modelId: 'gpt', provider: 'openai', name: 'GPT' };
  const steps = [
    ['AddMember', { userId: 'pat', role: 'org.participant' }],
    ['AddProviderKey', { ...key, keyId: 'second' }],
    ['CreateEnvironment', { environmentId: 'lab', name: 'Lab' }],
    ['UpdateEnvironment', { environmentId: 'lab', name: 'Laboratory' }],
    ['AddModel', model],
    ['RemoveModel', { environmentId: 'lab', modelId: 'gpt' }],
    ['DeleteEnvironment', { environmentId: 'lab' }],
    ['RemoveProviderKey', { keyId: 'second' }],
    ['RemoveMember', { userId: 'pat' }],
  ] as const;
  await world.done('olga', acme, 'AddMember', { userId: 'paul', role: 'org.participant' });
  for (const [name, body] of steps) {
    expect([name, (await world.post('paul', acme, name, body)).status]).toEqual([name, 403]);
    await world.done('ada', acme, name, body);
  }
  expect(await listed('ada', `${acme}/environments`, 'environments')).toEqual(['dev', 'prod', 'stage']);
  expect(await listed('ada', `${acme}/members`, 'members')).not.toContain('pat');
});

it('a participant sees and uses what was granted to them, and nothing else; admins all of it (T30, T31, T32, T38, T39)', async () => {
  expect(await listed('paul', `${acme}/environments`, 'environments')).toEqual([]);
  const grantee = { type: 'user', id: 'paul' };
  await world.done('ada', acme, 'GrantEnvironmentAccess', { environmentId: 'dev', grantee });
  await world.done('ada', acme, 'CreateGroup', { groupId: 'team', name: 'Team' });
  await world.done('ada', acme, 'AddGroupMember', { groupId: 'team', userId: 'paul' });
  const team = { environmentId: 'stage', grantee: { type: 'group', id: 'team' } };
  await world.done('ada', acme, 'GrantEnvironmentAccess', team);
  expect(await listed('paul', `${acme}/environments`, 'environments')).toEqual(['dev', 'stage']);
  expect((await world.get('paul', `${acme}/environments/prod`)).status).toBe(404);
  for (const [id, allowed] of [
    ['dev', true],
    ['stage', true],
    ['prod', false],
  ] as const) {
    for (const permission of ['environment:see', 'environment:use'])
      expect(await world.may('paul', permission, 'environment', `acme/${id}`)).toBe(allowed);
    expect(await world.may('ada', 'environment:use', 'environment', `acme/${id}`)).toBe(true);
  }
  await world.done('ada', acme, 'RevokeEnvironmentAccess', { environmentId: 'dev', grantee });
  await world.done('ada', acme, 'RevokeEnvironmentAccess', team);
  expect(await listed('paul', `${acme}/environments`, 'environments')).toEqual([]);
  expect(await world.permissions('paul', 'acme')).toEqual(['org:leave', 'org:select', 'org:view']);
});

it('what a person has built for themselves comes into a shared environment that they have access to, and into no other (T36, T42)', async () => {
  const workflows = async (sub: string) => (await world.get(sub, `${acme}/workflows`)).body.workflows;
  const move = (sub: string, environmentId?: string) =>
    world.post(sub, acme, 'MoveWorkflow', { workflowId: 'nightly', environmentId });
  await world.done('paul', acme, 'RegisterWorkflow', { workflowId: 'nightly', name: 'Nightly' });
  expect(await workflows('paul')).toEqual([
    { id: 'nightly', name: 'Nightly', personal: true, ownerId: 'paul', registeredAt: expect.any(String) },
  ]);
  for (const sub of ['olga', 'ada']) {
    expect(await workflows(sub)).toEqual([]);
    expect((await move(sub, 'prod')).body).toMatchObject({ status: 422, code: 'workflow_not_found' });
  }
  expect((await world.post('bea', acme, 'RegisterWorkflow', { name: 'Mine' })).status).toBe(404);

  // As if there were no such environment: it is invisible to him.
  expect((await move('paul', 'prod')).status).toBe(403);
  await world.done('ada', acme, 'GrantEnvironmentAccess', {
    environmentId: 'prod',
    grantee: { type: 'user', id: 'paul' },
  });
  expect((await move('paul', 'stage')).status).toBe(403);
  expect((await move('paul', 'prod')).body.events).toMatchObject([{ type: 'WorkflowPromoted' }]);
  for (const sub of ['paul', 'ada'])
    expect(await workflows(sub)).toMatchObject([{ id: 'nightly', environmentId: 'prod', ownerId: 'paul' }]);
  expect((await workflows('paul'))[0]).not.toHaveProperty('personal');
  expect((await move('ada')).body).toMatchObject({ status: 422, code: 'workflow_not_owned' });
  expect((await move('paul')).body.events).toMatchObject([{ type: 'WorkflowMadePersonal' }]);
  expect(await workflows('ada')).toEqual([]);
  expect((await move('paul', 'prod')).status).toBe(200);

  // The past tells where it was: in the shared environment from the promotion on, and only while it was linked to it.
  const asked = 'subject=workflow:acme/nightly&action=environment:use&resource=acme/prod';
  const { intervals } = (await world.get('ada', `${acme}/history/access-timeline?${asked}`)).body;
  const told = intervals.map(({ decision, cause }: Interval) => [decision, cause?.type]);
  expect(told.slice(-3)).toEqual([
    [true, 'WorkflowPromoted'],
    [false, 'WorkflowMadePersonal'],
    [true, 'WorkflowPromoted'],
  ]);
});

it('a personal environment is its person’s, and nothing of the organization (T40)', async () => {
  expect((await world.get('paul', 'me')).body.personalEnvironment).toMatchObject({ id: 'personal/paul' });
  expect(await world.may('paul', 'environment:use', 'environment', 'personal/paul')).toBe(true);
  for (const sub of ['olga', 'ada', 'root', 'bea'])
    expect(await world.may(sub, 'environment:use', 'environment', 'personal/paul')).toBe(false);
  expect(await listed('olga', `${acme}/environments`, 'environments')).not.toContain('personal/paul');
});

it('a platform admin has no role in an organization, and as a member that of the membership (T6, T13)', async () => {
  for (const path of ['members', 'environments', 'audit', 'provider-keys', 'workflows'])
    expect([path, (await world.get('root', `${acme}/${path}`)).status]).toEqual([path, 403]);
  expect(await world.may('root', 'environment:use', 'environment', 'acme/dev')).toBe(false);
  await world.done('olga', acme, 'AddMember', { userId: 'root', role: 'org.participant' });
  await world.done('olga', acme, 'GrantEnvironmentAccess', {
    environmentId: 'dev',
    grantee: { type: 'user', id: 'root' },
  });
  expect(await listed('root', `${acme}/environments`, 'environments')).toEqual(['dev']);
  expect((await world.post('root', acme, 'CreateEnvironment', { environmentId: 'new', name: 'New' })).status).toBe(403);
  expect((await world.get('root', `${acme}/members`)).status).toBe(403);
});

it('a platform admin, who reads nothing about an organization, is told who gains and loses what by a move of its scheme', async () => {
  const without = (permission: string) => (each: { readonly permissions: readonly string[] }) => ({
    ...each,
    permissions: each.permissions.filter((name) => name !== permission),
  });
  const document = { ...enterprise, id: 'second', roles: enterprise.roles.map(without('environment:create')) };
  await world.done('root', 'realm', 'DefineRoleScheme', { document });
  const dryRun = { 'dry-run': 'true' };
  const move = { schemeId: 'second', version: 1 };
  const { changes } = (await world.done('root', 'orgs/beta', 'ChangeOrgScheme', move, dryRun)).effects;
  expect(changes).toMatchObject([{ principal: 'bea', change: 'lost', permissions: ['environment:create'] }]);
  const other = await world.done('root', 'orgs/beta', 'SetOrgPlan', { plan: 'standard' }, dryRun);
  expect(other.effects).toEqual({ withheld: 'forbidden', permission: 'audit:read' });
});
