import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import type { HttpAnswer } from '../support/http.js';

const read = ({ text }: HttpAnswer): unknown => JSON.parse(text);
const toTeam = { environmentId: 'prod', grantee: { type: 'group', id: 'team' } };
const patIn = { groupId: 'team', userId: 'pat' };

describe('groups of an organization', () => {
  let api: TestApi;
  let token = '';

  const as = async (sub: string, more: Record<string, string> = {}) => ({
    authorization: await api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {}),
    ...(token === '' ? {} : { 'consistency-token': token }),
    ...more,
  });
  const post = async (sub: string, command: string, body: unknown, more: Record<string, string> = {}) => {
    const target = command === 'CreateOrg' ? 'realm' : 'orgs/acme';
    return api.http.send({ path: `/v1/${target}/commands/${command}`, headers: await as(sub, more), body });
  };
  const done = async (sub: string, command: string, body: unknown, more: Record<string, string> = {}) => {
    const answer = await post(sub, command, body, more);
    expect([command, answer.status, answer.text]).toEqual([command, 200, expect.anything()]);
    // A dry run has none.
    const { 'consistency-token': seen } = answer.headers;
    if (typeof seen === 'string') token = seen;
    return read(answer) as { events: { id: string; type: string }[]; result?: unknown };
  };
  const get = async (sub: string, path: string) =>
    read(await api.http.send({ path: `/v1/orgs/acme${path}`, headers: await as(sub) }));

  async function mayUse(sub: string, at?: string) {
    const answer = await api.http.send({
      path: '/access/v1/evaluation?explain=true',
      headers: await as('olga'),
      body: {
        subject: { type: 'user', id: sub },
        action: { name: 'environment:use' },
        resource: { type: 'environment', id: 'acme/prod' },
        ...(at === undefined ? {} : { context: { at } }),
      },
    });
    return read(answer) as { decision: boolean; context: { reason: string; evidence: string[]; examined: unknown[] } };
  }

  beforeAll(async () => {
    api = await startTestApi();
    await done('admin', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    for (const userId of ['pat', 'paul']) await done('olga', 'AddMember', { userId, role: 'org.participant' });
    for (const environmentId of ['prod', 'dev'])
      await done('olga', 'CreateEnvironment', { environmentId, name: environmentId });
  }, 60_000);
  afterAll(() => api?.stop());

  it('are made by admins, once, under an id of their own', async () => {
    expect(read(await post('pat', 'CreateGroup', { groupId: 'team', name: 'Team' }))).toMatchObject({
      status: 403,
      permission: 'group:manage',
    });
    const dry = await done('olga', 'CreateGroup', { groupId: 'team', name: 'Team' }, { 'dry-run': 'true' });
    expect(dry.events).toMatchObject([{ type: 'GroupCreated', data: { groupId: 'team', name: 'Team' } }]);
    const keyed = { 'idempotency-key': 'team' };
    const created = await done('olga', 'CreateGroup', { groupId: 'team', name: 'Team' }, keyed);
    expect(created.result).toEqual({ groupId: 'team' });
    expect(await done('olga', 'CreateGroup', { groupId: 'team', name: 'Team' }, keyed)).toEqual(created);
    expect(read(await post('olga', 'CreateGroup', { groupId: 'team', name: 'Other' }))).toMatchObject({
      status: 409,
      code: 'group_exists',
    });
    await done('olga', 'RenameGroup', { groupId: 'team', name: 'The Team' });
    const group = { id: 'team', name: 'The Team', createdAt: expect.any(String), createdBy: 'olga' };
    expect(await get('olga', '/groups')).toEqual({ groups: [group] });
    expect(await get('olga', '/groups/team')).toEqual(group);
    for (const path of ['/groups/none', '/groups/none/members'])
      expect(await get('olga', path)).toMatchObject({ status: 404 });
    expect(await get('pat', '/groups')).toMatchObject({ status: 403, permission: 'member:list' });
  });

  it('give their members what is granted to them, with the entry and the grant as evidence (T30)', async () => {
    expect(
      read(await post('olga', 'GrantEnvironmentAccess', { ...toTeam, grantee: { type: 'group', id: 'x' } })),
    ).toMatchObject({ status: 422, code: 'group_not_found' });
    const granted = await done('olga', 'GrantEnvironmentAccess', toTeam);
    expect((await mayUse('pat')).decision).toBe(false);
    const entered = await done('olga', 'AddGroupMember', patIn);
    const answer = await mayUse('pat');
    expect(answer).toMatchObject({ decision: true });
    expect(answer.context.evidence).toEqual([
      expect.any(String),
      ...[entered, granted].map(({ events }) => events[0]?.id),
    ]);
    expect((await mayUse('paul')).decision).toBe(false);
    expect(await get('olga', '/groups/team/members')).toEqual({
      members: [{ id: 'pat', addedAt: expect.any(String), addedBy: 'olga' }],
    });
    expect(await get('olga', '/environments/prod/access')).toMatchObject({
      grants: [{ grantee: { type: 'group', id: 'team' }, grantedBy: 'olga' }],
    });
    expect(await get('pat', '/environments')).toMatchObject({ environments: [{ id: 'prod' }] });
  });

  it('stand in the audit trail under each of their targets', async () => {
    for (const target of ['team', 'pat'])
      expect(await get('olga', `/audit?target=${target}&action=AddGroupMember`)).toMatchObject({
        entries: [expect.objectContaining({ action: 'AddGroupMember', targets: ['team', 'pat'] })],
      });
  });

  it('lose who is removed, and whoever comes back is in none (T43)', async () => {
    await done('olga', 'RemoveMember', { userId: 'pat' });
    expect(await get('olga', '/groups/team/members')).toEqual({ members: [] });
    await done('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
    expect((await mayUse('pat')).context.reason).toBe('role_lacks_permission');
    await done('olga', 'AddGroupMember', patIn);
    await done('olga', 'RemoveGroupMember', patIn);
    expect((await mayUse('pat')).decision).toBe(false);
    await done('olga', 'AddGroupMember', patIn);
    expect((await mayUse('pat')).decision).toBe(true);
  });

  it('end with every grant to them in one append, for ever (T31)', async () => {
    await done('olga', 'GrantEnvironmentAccess', { ...toTeam, environmentId: 'dev' });
    const before = new Date().toISOString();
    const deleted = await done('olga', 'DeleteGroup', { groupId: 'team' });
    expect(deleted.events.map(({ type }) => type)).toEqual([
      'EnvironmentAccessRevoked',
      'EnvironmentAccessRevoked',
      'GroupDeleted',
    ]);
    expect((await mayUse('pat')).context.reason).toBe('role_lacks_permission');
    expect((await mayUse('pat', before)).decision).toBe(true);
    expect(await get('olga', '/groups')).toEqual({ groups: [] });
    expect(await get('olga', '/environments/prod/access')).toEqual({ grants: [] });
    expect(read(await post('olga', 'CreateGroup', { groupId: 'team', name: 'Team' }))).toMatchObject({ status: 409 });
    expect(read(await post('olga', 'AddGroupMember', patIn))).toMatchObject({ status: 422, code: 'group_not_found' });
  });
});

describe('names', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  }, 60_000);
  afterAll(() => api?.stop());

  it('of the organization change by the platform, of an environment by admins, and are read as they are now (T24, T47)', async () => {
    const send = async (sub: string, path: string, body?: unknown, token?: string) =>
      api.http.send({
        path,
        headers: {
          authorization: await api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {}),
          ...(token === undefined ? {} : { 'consistency-token': token }),
        },
        ...(body === undefined ? {} : { body }),
      });
    const acme = '/v1/orgs/acme';
    await send('admin', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    await send('olga', `${acme}/commands/CreateEnvironment`, { environmentId: 'prod', name: 'Prod' });
    expect((await send('olga', `${acme}/commands/UpdateOrg`, { name: 'Mine' })).status).toBe(403);
    expect(
      (await send('admin', `${acme}/commands/UpdateEnvironment`, { environmentId: 'prod', name: 'X' })).status,
    ).toBe(403);
    await send('admin', `${acme}/commands/UpdateOrg`, { name: 'Acme Corporation' });
    const last = await send('olga', `${acme}/commands/UpdateEnvironment`, {
      environmentId: 'prod',
      name: 'Production',
    });
    const token = String(last.headers['consistency-token']);
    expect(read(await send('olga', acme, undefined, token))).toMatchObject({ name: 'Acme Corporation' });
    expect(read(await send('olga', `${acme}/environments/prod`, undefined, token))).toMatchObject({
      name: 'Production',
    });
    expect(
      read(await send('olga', `${acme}/commands/UpdateEnvironment`, { environmentId: 'none', name: 'X' })),
    ).toMatchObject({ code: 'environment_not_found' });
  });
});
