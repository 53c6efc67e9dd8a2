import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

describe('what organizations and environments hold', () => {
  let api: TestApi;
  let token = '';

  const as = async (sub: string, realm: string) => ({
    authorization: await api.bearer(sub, { realm, ...(sub === 'root' ? { email: 'admin@localhost' } : {}) }),
    ...(token === '' ? {} : { 'consistency-token': token }),
  });
  const post = async (sub: string, realm: string, target: string, command: string, body: unknown) => {
    const answer = await api.http.send({
      path: `/v1/${target}/commands/${command}`,
      headers: await as(sub, realm),
      body,
    });
    const { 'consistency-token': seen } = answer.headers;
    if (typeof seen === 'string') token = seen;
    return answer;
  };
  const done = async (...[sub, realm, target, command, body]: Parameters<typeof post>) => {
    const answer = await post(sub, realm, target, command, body);
    expect([command, answer.status, answer.text]).toEqual([command, 200, expect.anything()]);
  };
  const get = async (sub: string, realm: string, path: string) => {
    const answer = await api.http.send({ path: `/v1/${path}`, headers: await as(sub, realm) });
    return JSON.parse(answer.text) as unknown;
  };

  beforeAll(async () => {
    api = await startTestApi({ environment: { REALMS: 'default=enterprise,gate=gateway' } });
    await done('root', 'default', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    await done('olga', 'default', 'orgs/acme', 'AddMember', { userId: 'pat', role: 'org.participant' });
    await done('olga', 'default', 'orgs/acme', 'AddMember', { userId: 'ada', role: 'org.admin' });
    for (const environmentId of ['live', 'test'])
      await done('olga', 'default', 'orgs/acme', 'CreateEnvironment', { environmentId, name: environmentId });
    await done('root', 'gate', 'realm', 'CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gus@gate' });
  }, 60_000);
  afterAll(() => api?.stop());

  it('an environment shows its MCP servers and OAuth connections', async () => {
    const server = { environmentId: 'live', serverId: 'crm', name: 'CRM', url: 'https://mcp.acme.test/crm' };
    await done('olga', 'default', 'orgs/acme', 'AddMcpServer', server);
    const connection = { environmentId: 'live', connectionId: 'drive', provider: 'google', name: 'Drive' };
    await done('olga', 'default', 'orgs/acme', 'ConnectOAuth', connection);
    expect(await get('olga', 'default', 'orgs/acme/environments/live')).toMatchObject({
      mcpServers: [{ id: 'crm', name: 'CRM', url: 'https://mcp.acme.test/crm' }],
      oauthConnections: [{ id: 'drive', provider: 'google', name: 'Drive' }],
    });
    expect(await get('olga', 'default', 'orgs/acme/environments')).toMatchObject({
      environments: [
        { id: 'live', mcpServers: [{ id: 'crm' }] },
        { id: 'test', mcpServers: [] },
      ],
    });
    await done('olga', 'default', 'orgs/acme', 'RemoveMcpServer', { environmentId: 'live', serverId: 'crm' });
    await done('olga', 'default', 'orgs/acme', 'DisconnectOAuth', { environmentId: 'live', connectionId: 'drive' });
    expect(await get('olga', 'default', 'orgs/acme/environments/live')).toMatchObject({
      mcpServers: [],
      oauthConnections: [],
    });
  });

  it('a workflow goes where its owner may go, and is in one environment at a time (T36, T42)', async () => {
    const grantee = { type: 'user', id: 'pat' };
    await done('olga', 'default', 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'live', grantee });
    const workflow = { workflowId: 'nightly', environmentId: 'live', name: 'Nightly' };
    await done('pat', 'default', 'orgs/acme', 'RegisterWorkflow', workflow);
    const move = { workflowId: 'nightly', environmentId: 'test' };
    expect((await post('pat', 'default', 'orgs/acme', 'MoveWorkflow', move)).status).toBe(403);
    await done('olga', 'default', 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'test', grantee });
    await done('pat', 'default', 'orgs/acme', 'MoveWorkflow', move);
    expect(await get('pat', 'default', 'orgs/acme/workflows')).toMatchObject({
      workflows: [{ id: 'nightly', environmentId: 'test', ownerId: 'pat' }],
    });
    const foreign = await post('olga', 'default', 'orgs/acme', 'MoveWorkflow', { ...move, environmentId: 'live' });
    expect(JSON.parse(foreign.text)).toMatchObject({ status: 422, code: 'workflow_not_owned' });
    await done('pat', 'default', 'orgs/acme', 'RemoveWorkflow', { workflowId: 'nightly' });
    expect(await get('pat', 'default', 'orgs/acme/workflows')).toEqual({ workflows: [] });
  });

  it('an owner asks for another one, and the platform carries it out (T9, T16)', async () => {
    await done('olga', 'default', 'orgs/acme', 'RequestOwnershipTransfer', { toUserId: 'ada' });
    expect(await get('root', 'default', 'orgs/acme')).toMatchObject({ ownerId: 'olga', transferRequestedTo: 'ada' });
    await done('root', 'default', 'orgs/acme', 'TransferOrgOwnership', { toUserId: 'ada' });
    const after = await get('root', 'default', 'orgs/acme');
    expect(after).toMatchObject({ ownerId: 'ada' });
    expect(after).not.toHaveProperty('transferRequestedTo');
  });

  it('an org admin of a gateway sets routing, guardrails, single sign-on, MCP servers and budgets (G8)', async () => {
    const sso = { issuer: 'https://login.gated.test', clientId: 'console', domains: ['gated.test', 'gated.org'] };
    for (const [command, body] of [
      ['SetRouting', { document: { share: 0.5, default: 'gpt-4o' } }],
      ['SetRouting', { document: { share: 0.7, default: 'gpt-4o' } }],
      ['SetGuardrails', { document: { block: ['credit-card-numbers'] } }],
      ['ConfigureSso', sso],
      ['AddOrgMcpServer', { serverId: 'search', name: 'Search', url: 'https://mcp.gated.test/search' }],
      ['SetBudget', { amount: 50_000, currency: 'EUR', period: 'month' }],
    ] as const)
      await done('gus', 'gate', 'orgs/gated', command, body);
    expect(await get('gus', 'gate', 'orgs/gated/settings')).toEqual({
      documents: {
        routing: { version: 2, document: { share: 0.7, default: 'gpt-4o' } },
        guardrails: { version: 1, document: { block: ['credit-card-numbers'] } },
        sso: { version: 1, document: { ...sso, domains: ['gated.org', 'gated.test'] } },
      },
      mcpServers: [{ id: 'search', name: 'Search', url: 'https://mcp.gated.test/search' }],
      budgets: [{ amount: 50_000, currency: 'EUR', period: 'month' }],
    });
  });

  it('the platform deletes an organization: nothing of it is there, and who was in it is free (T8)', async () => {
    expect((await post('ada', 'default', 'orgs/acme', 'DeleteOrg', {})).status).toBe(403);
    await done('root', 'default', 'orgs/acme', 'DeleteOrg', {});
    for (const path of ['', '/members', '/environments', '/environments/live', '/groups', '/workflows', '/audit'])
      expect([path, await get('ada', 'default', `orgs/acme${path}`)]).toEqual([
        path,
        expect.objectContaining({ status: 404 }),
      ]);
    expect(await get('ada', 'default', 'me')).toMatchObject({ organizations: [] });
    expect((await post('ada', 'default', 'orgs/acme', 'CreateGroup', { name: 'New' })).status).toBe(404);
    const again = await post('root', 'default', 'realm', 'CreateOrg', { orgId: 'acme', name: 'A', ownerId: 'ada' });
    expect(JSON.parse(again.text)).toMatchObject({ status: 409, code: 'org_exists' });
    // One organization for each person: the deleted one holds nobody any more.
    await done('root', 'default', 'realm', 'CreateOrg', { orgId: 'beta', name: 'Beta', ownerId: 'ada' });
  });
});
