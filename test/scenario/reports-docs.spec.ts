import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';
import { TestClock } from '../support/world.js';

const clock = new TestClock();
let api: TestApi;
/** What the shell of the README's story holds where the page goes on. */
let shell = '';

beforeAll(async () => {
  api = await startTestApi({ clock, environment: { READ_WAIT_MS: '20000' } });
  let token = '';
  const bearer = (sub: string) => api.bearer(sub, { email: sub === 'admin' ? 'admin@localhost' : `${sub}@acme.test` });
  const send = async (sub: string, target: string, name: string, body: unknown) => {
    const headers = { authorization: await bearer(sub) };
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, answer.status]).toEqual([name, 200]);
    token = String(answer.headers['consistency-token']);
    clock.advance(1000);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  await api.http.send({ path: '/v1/me', headers: { authorization: await bearer('bob') } });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };
  await send('alice', 'orgs/acme', 'GrantEnvironmentAccess', grant);
  const before = new Date(clock.now()).toISOString();
  clock.advance(1000);
  await send('alice', 'orgs/acme', 'RevokeEnvironmentAccess', grant);
  await send('alice', 'orgs/acme', 'RemoveMember', { userId: 'bob' });
  shell = `
    org=http://127.0.0.1:${api.port}/v1/orgs/acme
    before=${before}
    alice='${(await bearer('alice')).slice('Bearer '.length)}'
    as() { curl -sS -w '\\n' -H "Authorization: Bearer $1" -H 'Consistency-Token: ${token}' "\${@:2}"; }
  `;
}, 60_000);
afterAll(() => api?.stop());

it('every command of docs/reports.md works, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/reports.md', shell, 3);
}, 60_000);
