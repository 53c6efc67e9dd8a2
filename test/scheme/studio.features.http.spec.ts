import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RunningScheme, startScheme } from './running-scheme.js';

let world: RunningScheme;
const atelier = 'orgs/atelier';
const roleIn = (environmentId: string, id: string, role: string) => ({
  environmentId,
  grantee: { type: 'user', id },
  role,
});

beforeAll(async () => {
  world = await startScheme('studio');
  await world.done('mia', 'realm', 'CreateOrg', { orgId: 'atelier', name: 'Atelier', ownerId: 'mia' });
  for (const userId of ['nora', 'noel']) await world.done('mia', atelier, 'AddMember', { userId, role: 'org.member' });
  for (const environmentId of ['garden', 'house'])
    await world.done('mia', atelier, 'CreateEnvironment', { environmentId, name: environmentId });
}, 60_000);
afterAll(() => world?.stop());

const workspaces = async (sub: string): Promise<readonly string[]> =>
  (await world.get(sub, `${atelier}/environments`)).body.environments.map(({ id }: { id: string }) => id);

it('who registers is the first admin; nobody registers for somebody else (V1)', async () => {
  expect((await world.get('mia', 'me')).body.organizations).toMatchObject([{ id: 'atelier', role: 'org.admin' }]);
  const other = await world.post('mona', 'realm', 'CreateOrg', { orgId: 'other', name: 'Other', ownerId: 'max' });
  expect(other).toMatchObject({ status: 422, body: { code: 'owner_not_creator' } });
});

it('only admins invite, and never an admin; no member makes themselves one (V2, V3, V15)', async () => {
  const invite = (role: string) => ({ emails: ['new@acme.test'], role });
  expect((await world.post('mia', atelier, 'InviteMembers', invite('org.admin'))).status).toBe(422);
  expect((await world.post('nora', atelier, 'InviteMembers', invite('org.member'))).status).toBe(403);
  await world.done('mia', atelier, 'InviteMembers', invite('org.member'));
  const [invitation] = (await world.get('new', 'me/invitations')).body.invitations;
  await world.done('new', atelier, 'AcceptInvitation', { invitationId: invitation.id });
  expect((await world.get('new', 'me')).body.organizations).toMatchObject([{ id: 'atelier', role: 'org.member' }]);
  for (const [name, body] of [
    ['ChangeMemberRole', { userId: 'nora', role: 'org.admin' }],
    ['AddMember', { userId: 'nora', role: 'org.admin' }],
    ['AssignRole', { userId: 'nora', role: 'org.admin', notAfter: '2100-01-01T00:00:00.000Z' }],
  ] as const)
    expect([name, (await world.post('nora', atelier, name, body)).status]).toEqual([name, 403]);
  await world.done('mia', atelier, 'RemoveMember', { userId: 'new' });
});

it('an admin may all that a member may; the sections, sections of the dashboard and shortcuts are for admins (V4, V5, V8, V12)', async () => {
  const [admin, member] = [await world.permissions('mia', 'atelier'), await world.permissions('nora', 'atelier')];
  expect(admin).toEqual(expect.arrayContaining([...member]));
  const sections = [
    'settings:view',
    'org-api-key:manage',
    'ssh-key:view',
    'billing:manage',
    'audit:read',
    'dashboard:view-team',
    'dashboard:view-billing',
    'search:admin-shortcuts',
    'environment:create',
  ];
  expect(admin).toEqual(expect.arrayContaining(sections));
  expect(sections.filter((permission) => member.includes(permission))).toEqual([]);
  // What the sections show is there for who may see it.
  for (const [path, members] of [
    ['members', 303],
    ['billing', 200],
  ] as const) {
    expect((await world.get('mia', `${atelier}/${path}`)).status).toBe(200);
    expect([path, (await world.get('nora', `${atelier}/${path}`)).status]).toEqual([path, members]);
  }
  expect((await world.get('mia', `${atelier}/members`)).body.members).toHaveLength(3);
});

it('an admin is Workspace Admin of every workspace without being in its list (V9, V10, V20)', async () => {
  expect(await workspaces('mia')).toEqual(['garden', 'house']);
  for (const id of ['garden', 'house'])
    expect(await world.may('mia', 'environment:grant', 'workspace', `atelier/${id}`)).toBe(true);
  await world.done('mia', atelier, 'GrantEnvironmentAccess', roleIn('garden', 'nora', 'workspace.viewer'));
  expect((await world.get('mia', `${atelier}/environments/garden/access`)).body.grants).toMatchObject([
    { grantee: { type: 'user', id: 'nora' }, role: 'workspace.viewer' },
  ]);
  expect((await world.get('mia', `${atelier}/environments/house/access`)).body.grants).toEqual([]);
  await world.done('mia', atelier, 'CreateEnvironment', { environmentId: 'shed', name: 'Shed' });
  await world.done('mia', atelier, 'DeleteEnvironment', { environmentId: 'shed' });
});

it('a member sees the own workspaces, and manages the members of one as its Workspace Admin (V11, V13, V14)', async () => {
  expect([await workspaces('nora'), await workspaces('noel')]).toEqual([['garden'], []]);
  const noel = roleIn('garden', 'noel', 'workspace.collaborator');
  for (const role of ['workspace.viewer', 'workspace.collaborator']) {
    await world.done('mia', atelier, 'GrantEnvironmentAccess', roleIn('garden', 'nora', role));
    expect((await world.post('nora', atelier, 'GrantEnvironmentAccess', noel)).status).toBe(403);
  }
  await world.done('mia', atelier, 'GrantEnvironmentAccess', roleIn('garden', 'nora', 'workspace.admin'));
  await world.done('nora', atelier, 'GrantEnvironmentAccess', noel);
  expect(await workspaces('noel')).toEqual(['garden']);
  const house = { ...noel, environmentId: 'house' };
  expect((await world.post('nora', atelier, 'GrantEnvironmentAccess', house)).status).toBe(403);
});

it('a collaborator assigns products and projects to a workspace, a viewer reads them, nobody else does (V18)', async () => {
  await world.done('mia', atelier, 'CreateEnvironment', { environmentId: 'attic', name: 'Attic' });
  const attic = `${atelier}/environments/attic/contents`;
  const of = (kind: string, id: string) => ({ environmentId: 'attic', content: { kind, id } });
  await world.done('mia', atelier, 'GrantEnvironmentAccess', roleIn('attic', 'nora', 'workspace.viewer'));
  expect((await world.post('nora', atelier, 'AssignContent', of('product', 'P-1'))).status).toBe(403);
  await world.done('mia', atelier, 'GrantEnvironmentAccess', roleIn('attic', 'nora', 'workspace.collaborator'));
  for (const [kind, id] of [
    ['project', 'P-1'],
    ['product', 'P-2'],
    ['product', 'P-1'],
  ] as const)
    await world.done('nora', atelier, 'AssignContent', of(kind, id), { 'idempotency-key': `"${kind}-${id}"` });
  const again = await world.done('nora', atelier, 'AssignContent', of('product', 'P-1'), {
    'idempotency-key': '"product-P-1"',
  });
  expect(again.events).toMatchObject([{ type: 'ContentAssigned' }]);
  const tried = await world.done('nora', atelier, 'UnassignContent', of('product', 'P-2'), { 'dry-run': 'true' });
  expect(tried.events).toMatchObject([{ type: 'ContentUnassigned', data: of('product', 'P-2') }]);
  await world.done('nora', atelier, 'UnassignContent', of('product', 'P-2'));
  await world.done('mia', atelier, 'GrantEnvironmentAccess', roleIn('attic', 'nora', 'workspace.viewer'));
  const first = (await world.get('nora', `${attic}?limit=1`)).body;
  expect(first.contents).toEqual([{ kind: 'product', id: 'P-1', assignedAt: expect.any(String) }]);
  const rest = (await world.get('nora', `${attic}?limit=1&cursor=${first.next}`)).body;
  expect(rest).toEqual({ contents: [{ kind: 'project', id: 'P-1', assignedAt: expect.any(String) }] });
  expect((await world.get('noel', attic)).status).toBe(404);
  const audited = (await world.get('mia', `${atelier}/audit?target=P-2&environment=attic`)).body.entries;
  expect(audited.map(({ event }: { event: string }) => event)).toEqual(['ContentUnassigned', 'ContentAssigned']);
  await world.done('mia', atelier, 'DeleteEnvironment', { environmentId: 'attic' });
  expect((await world.get('mia', attic)).status).toBe(404);
});

it("the platform sets the workers' public SSH key; admins see it with its fingerprint, members do not (V22, V-M14)", async () => {
  const path = `${atelier}/worker-ssh-key`;
  const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6bq+BiOEzRmNMaQzYpcHhzmsZRFZg2vG6fNXbcV8aP';
  expect((await world.get('mia', path)).status).toBe(404);
  for (const sub of ['mia', 'nora'])
    expect(await world.post(sub, atelier, 'SetWorkerSshKey', { publicKey })).toMatchObject({
      status: 403,
      body: { permission: 'ssh-key:set' },
    });
  const commented = await world.post('op', atelier, 'SetWorkerSshKey', { publicKey: `${publicKey} ann@laptop` });
  expect(commented.status).toBe(400);
  const tried = await world.done('op', atelier, 'SetWorkerSshKey', { publicKey }, { 'dry-run': 'true' });
  expect(tried.events).toMatchObject([{ type: 'WorkerSshKeySet', data: { publicKey } }]);
  const keyed = { 'idempotency-key': '"ssh"' };
  const set = await world.done('op', atelier, 'SetWorkerSshKey', { publicKey }, keyed);
  expect(await world.done('op', atelier, 'SetWorkerSshKey', { publicKey }, keyed)).toEqual(set);
  // As `ssh-keygen -lf` shows it.
  const fingerprint = 'SHA256:Q1rPNgVjvgUmq3AAoKOyNws9rLamXXnRebzcpJbL4+U';
  expect((await world.get('mia', path)).body).toEqual({ publicKey, fingerprint, setAt: expect.any(String) });
  expect((await world.get('nora', path)).status).toBe(303);
  const [entry] = (await world.get('mia', `${atelier}/audit?action=SetWorkerSshKey&limit=1`)).body.entries;
  expect(entry).toMatchObject({ actor: 'op', event: 'WorkerSshKeySet', data: { publicKey } });
});

it('billing and invoices are read by everybody and changed by admins; costs and insights are for all (V7, V16, V17)', async () => {
  for (const sub of ['mia', 'nora']) {
    for (const path of ['billing', 'invoices'])
      expect([path, (await world.get(sub, `${atelier}/${path}`)).status]).toEqual([path, 200]);
    expect(await world.permissions(sub, 'atelier')).toEqual(
      expect.arrayContaining(['feature:costs', 'feature:insights', 'invoice:view']),
    );
  }
  expect((await world.post('nora', atelier, 'ChangeSubscription', { plan: 'standard' })).status).toBe(403);
  await world.done('mia', atelier, 'ChangeSubscription', { plan: 'standard' });
});
