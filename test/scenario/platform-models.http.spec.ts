import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

describe("the platform's own models, in everybody's personal environment (T41)", () => {
  let api: TestApi;
  let token = '';
  const clock = new TestClock();
  const gpt = { modelId: 'gpt-4o', provider: 'openai', name: 'GPT-4o' };
  const shown = { id: 'gpt-4o', provider: 'openai', name: 'GPT-4o' };

  const bearer = (sub: string, realm = 'default') =>
    api.bearer(sub, { realm, ...(sub === 'op' ? { email: 'admin@localhost' } : {}) });
  const send = async (sub: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const seen = token === '' ? {} : { 'consistency-token': token };
    const authorization = await bearer(sub);
    const answer = await api.http.send({ path: `/v1/${path}`, body, headers: { authorization, ...seen, ...headers } });
    token = String(answer.headers['consistency-token'] ?? token);
    return { status: answer.status, json: JSON.parse(answer.text) };
  };
  const command = async (sub: string, target: string, name: string, body: unknown, headers = {}) => {
    const answer = await send(sub, `${target}/commands/${name}`, body, headers);
    expect([name, answer.status, answer.json]).toEqual([name, 200, expect.anything()]);
    return answer.json;
  };
  const introspected = async (sub: string, of: string) =>
    (await send(sub, 'credentials/introspect', { token: of.replace(/^Bearer /, '') })).json;

  beforeAll(async () => {
    const environment = { REALMS: 'default=enterprise,gate=gateway', READ_WAIT_MS: '20000' };
    api = await startTestApi({ environment, clock });
    await command('op', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    await command('olga', 'orgs/acme', 'AddMember', { userId: 'pat', role: 'org.participant' });
    await command('olga', 'orgs/acme', 'CreateEnvironment', { environmentId: 'live', name: 'Live' });
  }, 60_000);
  afterAll(() => api?.stop());

  it('are added and removed by platform admins, once, and by nobody else', async () => {
    expect((await send('pat', 'me/environment')).json).toEqual({ id: 'personal/pat', models: [] });
    const keyed = { 'idempotency-key': '"first"' };
    const added = await command('op', 'realm', 'AddPlatformModel', gpt, keyed);
    expect(added.events).toMatchObject([{ type: 'PlatformModelAdded' }]);
    const tried = await command('op', 'realm', 'RemovePlatformModel', { modelId: 'gpt-4o' }, { 'dry-run': 'true' });
    expect(tried.events).toMatchObject([{ type: 'PlatformModelRemoved', data: { modelId: 'gpt-4o' } }]);
    await command('op', 'realm', 'AddPlatformModel', { ...gpt, modelId: 'old' });
    await command('op', 'realm', 'RemovePlatformModel', { modelId: 'old' });
    expect(await command('op', 'realm', 'AddPlatformModel', gpt, keyed)).toEqual(added);
    const other = await send('op', 'realm/commands/AddPlatformModel', { ...gpt, name: 'Other' });
    expect([other.status, other.json.code]).toEqual([409, 'model_exists']);
    for (const sub of ['olga', 'pat']) {
      for (const [name, body] of [
        ['AddPlatformModel', gpt],
        ['RemovePlatformModel', { modelId: 'gpt-4o' }],
      ] as const)
        expect((await send(sub, `realm/commands/${name}`, body)).json).toMatchObject({
          status: 403,
          permission: 'platform-model:manage',
        });
      expect((await send(sub, 'realm/models')).status).toBe(403);
    }
    expect((await send('op', 'realm/models')).json).toEqual({ models: [shown] });
    const { entries } = (await send('op', 'realm/activity?target=gpt-4o')).json;
    expect(entries).toMatchObject([{ event: 'PlatformModelAdded', actor: 'op', targets: ['gpt-4o'] }]);
  });

  it("are what a personal environment shows, and no organization's environment does", async () => {
    for (const sub of ['pat', 'olga', 'op'])
      expect((await send(sub, 'me/environment')).json).toEqual({ id: `personal/${sub}`, models: [shown] });
    expect((await send('olga', 'orgs/acme/environments/live')).json.models).toEqual([]);
    const authorization = await bearer('gus', 'gate');
    const elsewhere = await api.http.send({ path: '/v1/me/environment', headers: { authorization } });
    expect(elsewhere.status).toBe(404);
  });

  it('are told of a person’s token to the person, and to a service that checks; to others the token is unknown', async () => {
    const pats = await bearer('pat');
    const active = {
      active: true,
      token_type: 'personal',
      sub: 'pat',
      environment: 'personal/pat',
      exp: expect.any(Number),
      models: [shown],
    };
    expect(await introspected('pat', pats)).toEqual(active);
    for (const sub of ['olga', 'op', 'desk'])
      expect([sub, await introspected(sub, pats)]).toEqual([sub, { active: false }]);
    await command('op', 'realm', 'AssignPlatformRole', { userId: 'desk', role: 'platform.checker' });
    expect(await introspected('desk', pats)).toEqual(active);
    for (const unknown of [`${pats}x`, 'none', await bearer('gus', 'gate')])
      expect(await introspected('desk', unknown)).toEqual({ active: false });
    const created = await command('pat', 'orgs/acme', 'CreateApiKey', { keyId: 'k' });
    expect(await introspected('desk', created.result.key)).toEqual({ active: false });
    clock.advance(7 * 86_400_000);
    expect(await introspected('desk', pats)).toEqual({ active: false });
  });

  it('a virtual key of an environment is good for none of them', async () => {
    const { result } = await command('olga', 'orgs/acme', 'IssueEnvironmentCredential', { environmentId: 'live' });
    const key: string = result.key;
    let found = await introspected('olga', key);
    while (found.active !== true) found = await introspected('olga', key);
    expect(found).toMatchObject({ token_type: 'environment_credential', models: [] });
  }, 60_000);
});
