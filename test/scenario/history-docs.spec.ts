import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';
import { TestClock } from '../support/world.js';

const clock = new TestClock();
let api: TestApi;
/** What the shell of the README's story holds where the page goes on. */
let shell = '';

beforeAll(async () => {
  api = await startTestApi({ clock });
  let token = '';
  const send = async (sub: string, target: string, name: string, body: unknown) => {
    const claims = sub === 'admin' ? { email: 'admin@localhost' } : {};
    const headers = { authorization: await api.bearer(sub, claims) };
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, answer.status]).toEqual([name, 200]);
    token = String(answer.headers['consistency-token']);
    clock.advance(1000);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };
  await send('alice', 'orgs/acme', 'GrantEnvironmentAccess', grant);
  const before = new Date(clock.now()).toISOString();
  clock.advance(1000);
  await send('alice', 'orgs/acme', 'RevokeEnvironmentAccess', grant);
  shell = `
    org=http://127.0.0.1:${api.port}/v1/orgs/acme
    before=${before}
    alice='${(await api.bearer('alice')).slice('Bearer '.length)}'
    as() { curl -sS -w '\\n' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -H 'Consistency-Token: ${token}' "\${@:2}"; }
  `;
}, 60_000);
afterAll(() => api?.stop());

it('every command of docs/history.md works where the first story has led, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/history.md', shell, 4);
}, 60_000);
