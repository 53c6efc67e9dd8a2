import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

let api: TestApi;
beforeAll(async () => { api = await startTestApi(); }, 60000);
afterAll(() => api?.stop());

it('walks', async () => {
  const admin = await api.bearer('root', { email: 'admin@localhost' });
  const alice = await api.bearer('alice', { email: 'alice@acme.test', name: 'Alice' });
  const show = async (method: string, url: string, authorization?: string, payload?: object, headers: object = {}) => {
    const r = await api.http.send({ method, path: url, headers: { ...(authorization ? { authorization } : {}), ...headers }, body: payload });
    console.log(method, url, r.status, r.text.slice(0, 600), JSON.stringify(r.headers));
    return r;
  };
  await show('GET', '/healthz'); await show('GET', '/readyz');
  const made = await show('POST', '/v1/realm/commands/CreateOrg', admin, { orgId: 'acme', name: 'Acme', ownerId: 'alice' });
  const token = { 'consistency-token': String(made.headers['consistency-token']) };
  await show('GET', '/v1/orgs', admin, undefined, token);
  await show('GET', '/v1/orgs', alice, undefined, token);
  await show('POST', '/v1/orgs/acme/commands/CreateEnvironment', alice, { environmentId: 'prod', name: 'Prod' });
  await show('POST', '/v1/orgs/acme/commands/CreateEnvironment', alice, { environmentId: 'prod2', name: 'Prod', x: 1 });
  const b = await show('POST', '/v1/orgs/acme/commands', alice, { commands: [{ command: 'AddMember', input: { userId: 'bob', role: 'org.participant' } }, { command: 'AddModel', input: { environmentId: 'prod', modelId: 'm', provider: 'openai', name: 'M' } }, { command: 'GrantEnvironmentAccess', input: { environmentId: 'prod', grantee: { type: 'user', id: 'bob' } } }] });
  const t2 = { 'consistency-token': String(b.headers['consistency-token']) };
  const bob = await api.bearer('bob');
  for (const u of ['/v1/me', '/v1/actions', '/v1/orgs/acme', '/v1/orgs/acme/members?limit=1', '/v1/orgs/acme/environments', '/v1/orgs/acme/environments/prod', '/v1/orgs/acme/environments/prod/access', '/v1/orgs/acme/audit?limit=2&target=bob', '/v1/orgs/nope']) { await show('GET', u, alice, undefined, t2); await show('GET', u, bob, undefined, t2); }
  await show('POST', '/access/v1/evaluation?explain=true', bob, { subject: { type: 'user', id: 'bob' }, action: { name: 'environment:use' }, resource: { type: 'environment', id: 'acme/prod' }, zzz: 1 });
  await show('POST', '/access/v1/evaluation', bob, { subject: { type: 'user' } });
  await show('GET', '/.well-known/authzen-configuration'); await show('GET', '/docs'); await show('GET', '/docs/swagger-ui-bundle.js'); await show('GET', '/openapi.json'); await show('GET', '/metrics'); await show('GET', '/%zz'); await show('GET', '/nope'); await show('DELETE', '/v1/orgs');
  await show('POST', '/v1/orgs/acme/commands/CreateEnvironment', alice, { environmentId: 'dry', name: 'Prod' }, { 'dry-run': 'true' });
  expect(made.status).toBe(200);
}, 60000);
