import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Credential } from '#libs/application/secrets/credential.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';
import { until } from '../fault/projector-support.js';

let api: TestApi;
let token = '';
const clock = new TestClock();

beforeAll(async () => {
  api = await startTestApi({ clock, environment: { READ_WAIT_MS: '20000' } });
  await done('root', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await done('root', 'realm', 'CreateOrg', { orgId: 'other', name: 'Other', ownerId: 'otto' });
  await done('olga', 'orgs/acme', 'AddMember', { userId: 'pat', role: 'org.participant' });
  const credential = { apiKey: 'sk-of-acme-at-openai-0000' };
  await done('olga', 'orgs/acme', 'AddProviderKey', { keyId: 'k', provider: 'openai', name: 'K', credential });
  for (const environmentId of ['live', 'test', 'gone']) {
    await done('olga', 'orgs/acme', 'CreateEnvironment', { environmentId, name: environmentId });
    const model = { environmentId, modelId: `model-of-${environmentId}`, provider: 'openai', name: 'M' };
    await done('olga', 'orgs/acme', 'AddModel', model);
  }
}, 60_000);
afterAll(() => api?.stop());

const headersOf = async (sub: string) => ({
  authorization: await api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {}),
  ...(token === '' ? {} : { 'consistency-token': token }),
});

async function post(sub: string, path: string, body: unknown, more: Record<string, string> = {}) {
  const answer = await api.http.send({ path, headers: { ...(await headersOf(sub)), ...more }, body });
  const { 'consistency-token': seen } = answer.headers;
  if (typeof seen === 'string') token = seen;
  return { status: answer.status, body: JSON.parse(answer.text), text: answer.text };
}
const command = (sub: string, target: string, name: string, body: unknown, more?: Record<string, string>) =>
  post(sub, `/v1/${target}/commands/${name}`, body, more);
async function done(...sent: Parameters<typeof command>) {
  const answer = await command(...sent);
  expect([sent[2], answer.status, answer.text]).toEqual([sent[2], 200, expect.anything()]);
  return answer.body;
}
const issue = async (environmentId: string): Promise<string> =>
  (await done('olga', 'orgs/acme', 'IssueEnvironmentCredential', { environmentId })).result.key;
const rotate = async (environmentId: string, overlapSeconds: number): Promise<string> =>
  (await done('olga', 'orgs/acme', 'RotateEnvironmentCredential', { environmentId, overlapSeconds })).result.key;
async function introspected(key: string, sub = 'olga') {
  const { status, body } = await post(sub, '/v1/credentials/introspect', { token: key });
  expect(status).toBe(200);
  return body;
}
const works = (key: string) => until(async () => (await introspected(key)).active === true);
const inactive = { active: false };

describe("an environment's credential", () => {
  let live = '';

  it('T33: is shown once, to who may configure the environment, and says what it is good for', async () => {
    const answer = await done('olga', 'orgs/acme', 'IssueEnvironmentCredential', { environmentId: 'live' }, once('i1'));
    live = answer.result.key;
    expect(live).toMatch(/^sk-tnt_env_[\w-]{49}$/);
    const again = await done('olga', 'orgs/acme', 'IssueEnvironmentCredential', { environmentId: 'live' }, once('i1'));
    expect(again).toEqual({ ...answer, result: undefined });
    await works(live);
    expect(await introspected(live)).toEqual({
      active: true,
      token_type: 'environment_credential',
      credential_id: answer.result.credentialId,
      org: 'acme',
      environment: 'live',
      models: [{ id: 'model-of-live', provider: 'openai', name: 'M' }],
      mcp_servers: [],
      spendable: true,
      limits: [],
    });
    const { body } = await get('olga', 'orgs/acme/environments/live');
    expect(body.credential).toEqual({ id: answer.result.credentialId });
  }, 30_000);

  it('is issued by nobody else, by no dry run, and by no batch that could not show it', async () => {
    const test = { environmentId: 'test' };
    expect((await command('pat', 'orgs/acme', 'IssueEnvironmentCredential', test)).status).toBe(403);
    expect((await command('otto', 'orgs/acme', 'IssueEnvironmentCredential', test)).status).toBe(404);
    const dry = await command('olga', 'orgs/acme', 'IssueEnvironmentCredential', test, { 'dry-run': 'true' });
    expect([dry.status, dry.text.includes('sk-tnt_env_')]).toEqual([200, false]);
    const commands = ['test', 'gone'].map((environmentId) => ({
      command: 'IssueEnvironmentCredential',
      input: { environmentId },
    }));
    expect((await post('olga', '/v1/orgs/acme/commands', { commands })).status).toBe(400);
    expect((await get('olga', 'orgs/acme/environments/test')).body.credential).toBeUndefined();
  });

  it('T34, T-M26: is good for nothing of another environment', async () => {
    const test = await issue('test');
    await works(test);
    const [one, other] = [await introspected(live), await introspected(test)];
    expect([one.environment, one.models.map(idOf)]).toEqual(['live', ['model-of-live']]);
    expect([other.environment, other.models.map(idOf)]).toEqual(['test', ['model-of-test']]);
  }, 30_000);

  it('is introspected by those who may ask about others in the organization; to everybody else it is unknown', async () => {
    for (const sub of ['pat', 'otto', 'stranger', 'root']) expect(await introspected(live, sub)).toEqual(inactive);
    for (const key of [Credential.newKey().reveal().key ?? '', `${live}x`, live.slice(0, -1)])
      expect(await introspected(key)).toEqual(inactive);
    const anonymous = await api.http.send({ path: '/v1/credentials/introspect', body: { token: live } });
    expect(anonymous.status).toBe(401);
  });

  it('is introspected by a form as well, as RFC 7662 has it', async () => {
    const send = async (form: string, path = '/v1/credentials/introspect') => {
      const authorization = await api.bearer('olga');
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
      const { status, text } = await api.http.send({ path, headers, body: form });
      return { status, body: JSON.parse(text) };
    };
    const form = new URLSearchParams({ token: live, token_type_hint: 'access_token' }).toString();
    expect(await send(form)).toEqual({ status: 200, body: await introspected(live) });
    expect(await send('token=none')).toEqual({ status: 200, body: inactive });
    for (const broken of ['', 'token_type_hint=x', `token=${live}&token=${live}`])
      expect([broken, (await send(broken)).status]).toEqual([broken, 400]);
    expect((await send(form, '/v1/session')).status).toBe(400);
  });

  it('is introspected by a service account that may ask (X-02)', async () => {
    await done('olga', 'orgs/acme', 'CreateServiceAccount', { accountId: 'gateway', name: 'G', role: 'org.checker' });
    const { result } = await done('olga', 'orgs/acme', 'IssueServiceAccountKey', { accountId: 'gateway', keyId: 'k' });
    const headers = { authorization: `Bearer ${result.key}`, 'consistency-token': token };
    const answer = await api.http.send({ path: '/v1/credentials/introspect', headers, body: { token: live } });
    expect(JSON.parse(answer.text)).toMatchObject({ active: true, environment: 'live' });
  });

  it('follows its environment at once: MCP servers, budgets, and models whose provider key is removed (T45)', async () => {
    const server = { serverId: 'crm', name: 'CRM', url: 'https://mcp.acme.test/crm' };
    await done('olga', 'orgs/acme', 'AddMcpServer', { environmentId: 'live', ...server });
    expect((await introspected(live)).mcp_servers).toEqual([{ id: 'crm', name: 'CRM', url: server.url }]);
    await done('olga', 'orgs/acme', 'RemoveProviderKey', { keyId: 'k' });
    expect((await introspected(live)).models).toEqual([]);
    const credential = { apiKey: 'sk-another-of-acme-0001' };
    await done('olga', 'orgs/acme', 'AddProviderKey', { keyId: 'k', provider: 'openai', name: 'K', credential });
    expect((await introspected(live)).models.map(idOf)).toEqual(['model-of-live']);
  });

  it('tells what is used of each budget, and whether more may be (G12, T33)', async () => {
    const { document } = schemeOf({ id: 'enterprise', version: 1 }, undefined);
    const roles = document.roles.map((role) =>
      role.key === 'org.owner' ? { ...role, permissions: [...role.permissions, 'budget:manage'] } : role,
    );
    await done('root', 'realm', 'DefineRoleScheme', { document: { ...document, version: 2, roles } });
    await done('root', 'orgs/acme', 'ChangeOrgScheme', { schemeId: 'enterprise', version: 2 });
    await done('root', 'realm', 'AssignPlatformRole', { userId: 'meter', role: 'platform.meter' });
    const budget = { amount: 10, currency: 'EUR', period: 'total' };
    await done('olga', 'orgs/acme', 'SetBudget', { ...budget, environmentId: 'live' });
    await done('olga', 'orgs/acme', 'SetBudget', { ...budget, amount: 500 });
    const lines = [{ environmentId: 'live', cost: { thousandths: 10_000, currency: 'EUR' } }];
    const both = (usage: number) => [
      { limited: 'budget', limit: 10, usage, period: 'total', currency: 'EUR', environment: 'live' },
      { limited: 'budget', limit: 500, usage, period: 'total', currency: 'EUR' },
    ];
    expect(await introspected(live)).toMatchObject({ spendable: true, limits: both(0) });
    await done('meter', 'orgs/acme', 'RecordUsage', { lines });
    expect(await introspected(live)).toMatchObject({ spendable: false, limits: both(10) });
    await done('olga', 'orgs/acme', 'RemoveBudget', { environmentId: 'live' });
    expect(await introspected(live)).toMatchObject({ spendable: true, limits: both(10).slice(1) });
  });

  it('is rotated with an overlap: both are accepted until a stated time, then the new one alone', async () => {
    const former = live;
    live = await rotate('live', 600);
    await works(live);
    const { exp } = await introspected(former);
    expect(exp - clock.now() / 1000).toBeGreaterThan(500);
    clock.advance(601_000);
    expect(await introspected(former)).toEqual(inactive);
    expect((await introspected(live)).active).toBe(true);
    const compromised = live;
    live = await rotate('live', 0);
    expect(await introspected(compromised)).toEqual(inactive);
    await works(live);
  }, 30_000);

  it('is inactive at once while its organization is suspended, and after it was revoked or its environment deleted', async () => {
    const gone = await issue('gone');
    await works(gone);
    await done('root', 'orgs/acme', 'SuspendOrg', {});
    expect(await introspected(gone)).toEqual(inactive);
    await done('root', 'orgs/acme', 'ResumeOrg', {});
    expect((await introspected(gone)).active).toBe(true);
    await done('olga', 'orgs/acme', 'DeleteEnvironment', { environmentId: 'gone' });
    expect(await introspected(gone)).toEqual(inactive);
    await done('olga', 'orgs/acme', 'RevokeEnvironmentCredential', { environmentId: 'live' });
    expect(await introspected(live)).toEqual(inactive);
  }, 30_000);

  it('stands nowhere: its hash alone while it is accepted, and nothing of it afterwards', async () => {
    const test = 'select environment_id from durable.environment_credentials order by 1';
    const stored = async () =>
      (await rowsOf<{ environment_id: string }>(api.services.reads, test)).map((row) => row.environment_id);
    await until(async () => (await stored()).join() === 'test');
    const kept = () => rowsOf(api.services.reads, `select 1 from durable.secrets`);
    // The provider's key.
    await until(async () => (await kept()).length === 1);
  }, 30_000);
});

const once = (key: string) => ({ 'idempotency-key': `"${key}"` });
const idOf = ({ id }: { id: string }) => id;
async function get(sub: string, path: string) {
  const answer = await api.http.send({ path: `/v1/${path}`, headers: await headersOf(sub) });
  return { status: answer.status, body: JSON.parse(answer.text) };
}
