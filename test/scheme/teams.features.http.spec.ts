import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RunningScheme, startScheme } from './running-scheme.js';

let world: RunningScheme;
const johns = 'orgs/johns';
const workspaceOf = (environmentId: string, id: string, role?: string) => ({
  environmentId,
  grantee: { type: 'user', id },
  ...(role === undefined ? {} : { role }),
});

beforeAll(async () => {
  world = await startScheme('teams');
  await world.done('john', 'realm', 'CreateOrg', { orgId: 'johns', name: "John's", ownerId: 'john' });
  for (const [userId, role] of [
    ['ada', 'org.admin'],
    ['dev', 'org.developer'],
    ['vera', 'org.viewer'],
  ])
    await world.done('john', johns, 'AddMember', { userId, role });
  for (const environmentId of ['main', 'side'])
    await world.done('john', johns, 'CreateEnvironment', { environmentId, name: environmentId });
  // The one that it began with.
  await world.done('john', johns, 'DeleteEnvironment', { environmentId: 'default' });
}, 60_000);
afterAll(() => world?.stop());

const listed = async (sub: string, path: string, field: string): Promise<readonly string[]> =>
  (await world.get(sub, path)).body[field].map(({ id }: { id: string }) => id);
const run = (sub: string, workspace: string) => world.may(sub, 'operation:run', 'workspace', `johns/${workspace}`);

it('an organization groups members of four roles, workspaces, and one plan for all of them (C3, C5)', async () => {
  expect((await world.get('vera', `${johns}/members`)).body.members).toMatchObject([
    { id: 'ada', role: 'org.admin' },
    { id: 'dev', role: 'org.developer' },
    { id: 'john', role: 'org.owner' },
    { id: 'vera', role: 'org.viewer' },
  ]);
  await world.done('john', johns, 'ChangeSubscription', { plan: 'starter' });
  expect((await world.get('john', johns)).body).toMatchObject({ plan: 'starter' });
  await world.done('john', johns, 'CreateEnvironment', { environmentId: 'third', name: 'Third' });
  const fourth = await world.post('john', johns, 'CreateEnvironment', { environmentId: 'fourth', name: 'Fourth' });
  expect(fourth).toMatchObject({
    status: 409,
    body: { code: 'limit_exceeded', limited: 'workspaces', limit: 3, usage: 3 },
  });
  await world.done('john', johns, 'DeleteEnvironment', { environmentId: 'third' });
});

it('further workspaces are created, each of one cloud provider for good, told in the lists (C4)', async () => {
  const onAws = { environmentId: 'cloud', name: 'Cloud', cloudProvider: 'aws' };
  await world.done('ada', johns, 'CreateEnvironment', onAws);
  const provider = { cloudProvider: 'aws' };
  expect((await world.get('ada', `${johns}/environments/cloud`)).body).toMatchObject(provider);
  const list = (await world.get('ada', `${johns}/environments`)).body.environments;
  expect(list).toMatchObject([{ id: 'cloud', ...provider }, { id: 'main' }, { id: 'side' }]);
  expect(list[1]).not.toHaveProperty('cloudProvider');
  const other = await world.post('ada', johns, 'CreateEnvironment', { ...onAws, cloudProvider: 'gcp' });
  expect([other.status, other.body.code]).toEqual([409, 'environment_exists']);
  expect((await world.post('ada', johns, 'UpdateEnvironment', { ...onAws, cloudProvider: 'gcp' })).status).toBe(400);
  await world.done('ada', johns, 'UpdateEnvironment', { environmentId: 'cloud', name: 'Renamed' });
  expect((await world.get('ada', `${johns}/environments/cloud`)).body).toMatchObject({ name: 'Renamed', ...provider });
  await world.done('ada', johns, 'DeleteEnvironment', { environmentId: 'cloud' });
});

it('what is used in any workspace is used of the one organization, told with members and workspaces against their limits (C5, C21)', async () => {
  await world.done('root', 'realm', 'AssignPlatformRole', { userId: 'meter', role: 'platform.meter' });
  const lines = ['main', 'side'].map((environmentId) => ({ environmentId, requests: 3, credits: 5 }));
  await world.done('meter', johns, 'RecordUsage', { lines });
  expect((await world.get('john', `${johns}/usage`)).body.total).toMatchObject({ requests: 6, credits: 10 });
  expect((await world.get('john', `${johns}/usage/limits`)).body.limits).toEqual(
    expect.arrayContaining([
      { limited: 'members', limit: 5, usage: 4 },
      { limited: 'workspaces', limit: 3, usage: 2 },
    ]),
  );
});

it('who is in a workspace is in the organization; developers and viewers only where they were assigned (C6, C14, C25, C26)', async () => {
  expect((await world.post('ada', johns, 'GrantEnvironmentAccess', workspaceOf('main', 'nina'))).status).toBe(422);
  for (const sub of ['dev', 'vera']) {
    expect(await listed(sub, `${johns}/environments`, 'environments')).toEqual([]);
    await world.done('ada', johns, 'GrantEnvironmentAccess', workspaceOf('main', sub));
    expect(await listed(sub, `${johns}/environments`, 'environments')).toEqual(['main']);
  }
  for (const sub of ['john', 'ada'])
    expect(await listed(sub, `${johns}/environments`, 'environments')).toEqual(['main', 'side']);
  expect(await listed('ada', `${johns}/members`, 'members')).not.toContain('nina');
});

it('each role is told what its tabs are made of: settings, members, subscription, own credentials (C7, C8, C22)', async () => {
  const tabs = ['org:update', 'member:list', 'billing:view', 'subscription:manage', 'provider-key:manage'];
  const seen = async (sub: string) => {
    const permissions = await world.permissions(sub, 'johns');
    return tabs.filter((permission) => permissions.includes(permission));
  };
  expect([await seen('john'), await seen('ada')]).toEqual([tabs, ['org:update', 'member:list']]);
  expect([await seen('dev'), await seen('vera')]).toEqual([['member:list'], ['member:list']]);
  const paying = { provider: 'stripe', reference: 'pm_1', last4: '4242' };
  await world.done('john', johns, 'SavePaymentMethod', paying);
  expect((await world.get('john', `${johns}/billing`)).body).toMatchObject({
    plan: 'starter',
    paymentMethod: { last4: '4242' },
  });
  for (const sub of ['ada', 'dev', 'vera']) {
    expect((await world.get(sub, `${johns}/billing`)).status).toBe(403);
    expect((await world.post(sub, johns, 'ChangeSubscription', { plan: 'advanced' })).status).toBe(403);
  }
});

it('the settings are a name and a description, which owners and admins edit together or apart, and nobody else (C7, C8)', async () => {
  const shown = async () => {
    const { body } = await world.get('vera', johns);
    const { organizations } = (await world.get('vera', 'orgs')).body;
    const listed = organizations.find(({ id }: { id: string }) => id === 'johns');
    expect([listed.name, listed.description]).toEqual([body.name, body.description]);
    return [body.name, body.description];
  };
  expect(await shown()).toEqual(["John's", undefined]);
  const both = { name: "John's and Ada's", description: 'Agents for everybody' };
  const { events } = await world.done('ada', johns, 'UpdateOrg', both);
  expect(events.map(({ type }: { type: string }) => type)).toEqual(['OrgRenamed', 'OrgDescribed']);
  expect(await shown()).toEqual([both.name, both.description]);
  const { entries } = (await world.get('john', `${johns}/audit?action=UpdateOrg`)).body;
  const { description } = both;
  expect(entries).toMatchObject([
    { event: 'OrgDescribed', actor: 'ada', data: { description } },
    { data: { name: both.name } },
  ]);
  const before = (await world.get('john', `${johns}/history/state`)).body;
  expect(before.org).toMatchObject(both);

  await world.done('john', johns, 'UpdateOrg', { description: '' });
  expect(await shown()).toEqual([both.name, undefined]);
  const state = async (query: string) => (await world.get('john', `${johns}/history/state${query}`)).body.org;
  expect(await state('')).not.toHaveProperty('description');
  expect(await state(`?at=${before.moment.revision}@${before.moment.at}`)).toMatchObject(both);

  for (const sub of ['dev', 'vera'])
    for (const settings of [{ description: 'Mine' }, both])
      expect([sub, (await world.post(sub, johns, 'UpdateOrg', settings)).status]).toEqual([sub, 403]);
  expect((await world.post('ada', johns, 'UpdateOrg', {})).status).toBe(400);
  expect(await shown()).toEqual([both.name, undefined]);
});

it('a developer uses and runs, a viewer reads; neither creates a workspace (C29, C30)', async () => {
  const holds = async (sub: string) => {
    const { permissions } = (await world.get(sub, `${johns}/permissions?environment=main`)).body;
    return permissions.filter((permission: string) => /^(environment|operation)/.test(permission));
  };
  expect(await holds('dev')).toEqual(expect.arrayContaining(['environment:use', 'operation:run']));
  expect(await holds('vera')).toEqual(['environment-content:view', 'environment:see']);
  for (const sub of ['dev', 'vera']) {
    const refused = await world.post(sub, johns, 'CreateEnvironment', { environmentId: 'own', name: 'Own' });
    expect(refused.status).toBe(403);
  }
});

it('a role raised in a workspace holds there, and reaches nothing of the organization (C16, C34)', async () => {
  const [developer, viewer] = [await world.permissions('dev', 'johns'), await world.permissions('vera', 'johns')];
  await world.done('ada', johns, 'GrantEnvironmentAccess', workspaceOf('side', 'vera'));
  await world.done('ada', johns, 'GrantEnvironmentAccess', workspaceOf('main', 'vera', 'workspace.developer'));
  await world.done('ada', johns, 'GrantEnvironmentAccess', workspaceOf('main', 'dev', 'workspace.admin'));
  expect([await run('vera', 'main'), await run('vera', 'side')]).toEqual([true, false]);
  await world.done('dev', johns, 'RevokeEnvironmentAccess', workspaceOf('main', 'ada'));
  expect([await world.permissions('dev', 'johns'), await world.permissions('vera', 'johns')]).toEqual([
    developer,
    viewer,
  ]);
  for (const [name, body] of [
    ['CreateEnvironment', { environmentId: 'own', name: 'Own' }],
    ['DeleteEnvironment', { environmentId: 'main' }],
    ['RemoveMember', { userId: 'vera' }],
    ['ChangeSubscription', { plan: 'advanced' }],
    ['AddProviderKey', { keyId: 'k', provider: 'openai', name: 'K', credential: { apiKey: 'sk-0000000000' } }],
    ['TransferOrgOwnership', { toUserId: 'dev' }],
  ] as const)
    expect([name, (await world.post('dev', johns, name, body)).status]).toEqual([name, 403]);
});

it('a role is changed; who is removed is in no workspace any more, also when they come back (C13, C15, C17)', async () => {
  expect(await run('vera', 'main')).toBe(true);
  await world.done('ada', johns, 'RemoveMember', { userId: 'vera' });
  expect(await run('vera', 'main')).toBe(false);
  for (const workspace of ['main', 'side']) {
    const { grants } = (await world.get('ada', `${johns}/environments/${workspace}/access`)).body;
    expect(grants.map(({ grantee }: { grantee: { id: string } }) => grantee.id)).not.toContain('vera');
  }
  await world.done('ada', johns, 'AddMember', { userId: 'vera', role: 'org.viewer' });
  expect(await listed('vera', `${johns}/environments`, 'environments')).toEqual([]);
  await world.done('ada', johns, 'ChangeMemberRole', { userId: 'vera', role: 'org.admin' });
  expect(await listed('vera', `${johns}/environments`, 'environments')).toEqual(['main', 'side']);
  await world.done('ada', johns, 'ChangeMemberRole', { userId: 'vera', role: 'org.viewer' });
});

it('a person owns an organization and is a viewer in another (C32)', async () => {
  await world.done('vera', 'realm', 'CreateOrg', { orgId: 'veras', name: "Vera's", ownerId: 'vera' });
  expect((await world.get('vera', 'me')).body.organizations).toMatchObject([
    { id: 'johns', role: 'org.viewer' },
    { name: 'Personal organization', role: 'org.owner' },
    { id: 'veras', role: 'org.owner' },
  ]);
  expect(await world.may('vera', 'member:invite', 'org', 'veras')).toBe(true);
  expect(await world.may('vera', 'member:invite', 'org', 'johns')).toBe(false);
});
