import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { type EnterpriseColumn, enterpriseColumns } from './enterprise.cells.js';

const providerKey = { keyId: 'k', provider: 'openai', name: 'K', credential: { apiKey: 'sk-of-a-matrix-0000' } };
const people: Record<EnterpriseColumn, string> = { PA: 'pia', OO: 'olga', OA: 'adam', PT: 'pat' };

describe('the commands of the enterprise matrix, each as every role', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi({ environment: { PLATFORM_ADMIN_GROUP: 'operators' } });
    await command('PA', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: people.OO });
    await command('OO', 'orgs/acme', 'AddMember', { userId: people.OA, role: 'org.admin' });
    await command('OO', 'orgs/acme', 'AddMember', { userId: people.PT, role: 'org.participant' });
    for (const id of ['granted', 'ungranted'])
      await command('OA', 'orgs/acme', 'CreateEnvironment', { environmentId: id, name: id });
    await command('OA', 'orgs/acme', 'GrantEnvironmentAccess', {
      environmentId: 'granted',
      grantee: { type: 'user', id: people.PT },
    });
    await command('OA', 'orgs/acme', 'CreateGroup', { groupId: 'team', name: 'Team' });
    await command('OA', 'orgs/acme', 'AddProviderKey', { ...providerKey, keyId: 'held' });
    // The first sight of a person is an event of its own.
    for (const id of Object.values(people))
      await api.http.send({ path: '/v1/me', headers: { authorization: await bearer(id) } });
  });
  afterAll(() => api.stop());

  const bearer = (sub: string) => api.bearer(sub, sub === people.PA ? { groups: ['operators'] } : {});

  const send = (
    authorization: string,
    target: string,
    name: string,
    body: unknown,
    headers: Record<string, string> = {},
  ) => api.http.send({ path: `/v1/${target}/commands/${name}`, headers: { authorization, ...headers }, body });

  async function command(actor: EnterpriseColumn, target: string, name: string, body: unknown): Promise<void> {
    const answer = await send(await bearer(people[actor]), target, name, body);
    expect([name, answer.status]).toEqual([name, 200]);
  }

  const commands: readonly (readonly [
    row: string,
    allowed: readonly EnterpriseColumn[],
    target: string,
    name: string,
    body: unknown,
  ])[] = [
    ['T-M01', ['PA'], 'realm', 'CreateOrg', { orgId: 'gamma', name: 'Gamma', ownerId: 'gus' }],
    ['T-M02', ['PA'], 'orgs/acme', 'TransferOrgOwnership', { toUserId: people.OA }],
    ['T-M05', ['OO', 'OA'], 'orgs/acme', 'AddMember', { userId: 'newcomer', role: 'org.participant' }],
    ['T-M05', ['OO', 'OA'], 'orgs/acme', 'RemoveMember', { userId: people.PT }],
    ['T-M05', ['OO', 'OA'], 'orgs/acme', 'SuspendMember', { userId: people.PT }],
    ['T-M05', ['OO', 'OA'], 'orgs/acme', 'ResumeMember', { userId: people.PT }],
    ['T-M04', ['OO', 'OA'], 'orgs/acme', 'AddProviderKey', providerKey],
    [
      'T-M04',
      ['OO', 'OA'],
      'orgs/acme',
      'RotateProviderKey',
      { keyId: 'held', credential: { apiKey: 'sk-another-0001' } },
    ],
    ['T-M04', ['OO', 'OA'], 'orgs/acme', 'RemoveProviderKey', { keyId: 'held' }],
    ['T-M06', ['OO', 'OA'], 'orgs/acme', 'CreateEnvironment', { environmentId: 'new', name: 'New' }],
    ['T-M06', ['OO', 'OA'], 'orgs/acme', 'DeleteEnvironment', { environmentId: 'granted' }],
    [
      'T-M07',
      ['OO', 'OA'],
      'orgs/acme',
      'AddModel',
      { environmentId: 'granted', modelId: 'm', provider: 'openai', name: 'M' },
    ],
    ['T-M07', ['OO', 'OA'], 'orgs/acme', 'RemoveModel', { environmentId: 'granted', modelId: 'm' }],
    [
      'T-M08',
      ['OO', 'OA'],
      'orgs/acme',
      'GrantEnvironmentAccess',
      { environmentId: 'ungranted', grantee: { type: 'user', id: people.PT } },
    ],
    [
      'T-M08',
      ['OO', 'OA'],
      'orgs/acme',
      'RevokeEnvironmentAccess',
      { environmentId: 'granted', grantee: { type: 'user', id: people.PT } },
    ],
    ['T-M18', ['OO', 'OA'], 'orgs/acme', 'UpdateEnvironment', { environmentId: 'granted', name: 'Renamed' }],
    ['T47', ['PA'], 'orgs/acme', 'UpdateOrg', { name: 'Renamed' }],
    ['T47', ['PA'], 'orgs/acme', 'SuspendOrg', {}],
    ['T47', ['PA'], 'orgs/acme', 'ResumeOrg', {}],
    ['X3', ['OO', 'OA'], 'orgs/acme', 'CreateGroup', { groupId: 'new', name: 'New' }],
    ['X3', ['OO', 'OA'], 'orgs/acme', 'RenameGroup', { groupId: 'team', name: 'Renamed' }],
    ['X3', ['OO', 'OA'], 'orgs/acme', 'AddGroupMember', { groupId: 'team', userId: people.PT }],
    ['X3', ['OO', 'OA'], 'orgs/acme', 'RemoveGroupMember', { groupId: 'team', userId: people.PT }],
    ['X3', ['OO', 'OA'], 'orgs/acme', 'DeleteGroup', { groupId: 'team' }],
    [
      'T-M08',
      ['OO', 'OA'],
      'orgs/acme',
      'GrantEnvironmentAccess',
      { environmentId: 'ungranted', grantee: { type: 'group', id: 'team' } },
    ],
    ['T-M15', ['OO', 'OA'], 'orgs/acme', 'ChangeMemberRole', { userId: people.PT, role: 'org.admin' }],
    ['T-M16', ['OO', 'OA'], 'orgs/acme', 'ChangeMemberRole', { userId: people.OA, role: 'org.participant' }],
    ['T-M17', [], 'orgs/acme', 'ChangeMemberRole', { userId: people.OO, role: 'org.participant' }],
    ['T-M17', [], 'orgs/acme', 'RemoveMember', { userId: people.OO }],
    ['T-M17', [], 'orgs/acme', 'SuspendMember', { userId: people.OO }],
    ['T-M16', ['OO', 'OA'], 'orgs/acme', 'SuspendMember', { userId: people.OA }],
  ];
  const attempts = commands.flatMap(([row, allowed, target, name, body]) =>
    enterpriseColumns.map((actor) => [`${row} ${actor}`, name, actor, allowed.includes(actor), target, body] as const),
  );

  it.each(attempts)('%s: %s as that role (%s), allowed: %s', async (_, name, actor, allowed, target, body) => {
    const before = await api.services.store.head();
    const answer = await send(await bearer(people[actor]), target, name, body, { 'dry-run': 'true' });
    expect(answer.status).toBe(allowed ? 200 : 403);
    if (!allowed) expect(JSON.parse(answer.text)).toMatchObject({ code: 'forbidden' });
    expect(await api.services.store.head()).toEqual(before);
  });

  it.each(['x-user-id', 'x-forwarded-user', 'x-remote-user', 'x-role', 'x-org-id', 'from'])(
    'no header but Authorization says who asks: %s changes nothing (G19, G23)',
    async (header) => {
      const forged = { [header]: people.OO };
      const body = { userId: 'mallory', role: 'org.admin' };
      expect((await send(await bearer(people.PT), 'orgs/acme', 'AddMember', body, forged)).status).toBe(403);
      const anonymous = await api.http.send({ path: '/v1/orgs/acme/commands/AddMember', headers: forged, body });
      expect(anonymous.status).toBe(401);
    },
  );
});
