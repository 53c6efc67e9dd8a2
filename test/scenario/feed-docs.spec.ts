import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';

let api: TestApi;
let shell = '';

beforeAll(async () => {
  api = await startTestApi({ environment: { READ_WAIT_MS: '20000' } });
  const send = async (sub: string, target: string, name: string, body: object) => {
    const authorization = await api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {});
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers: { authorization }, body });
    expect([name, answer.status]).toEqual([name, 200]);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  for (const environmentId of ['production', 'staging'])
    await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId, name: 'Production' });
  shell = `
    org=http://127.0.0.1:${api.port}/v1/orgs/acme
    alice='${(await api.bearer('alice')).slice(7)}'
    as() { curl -sS -w '\\n' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' "\${@:2}"; }
  `;
}, 60_000);
afterAll(() => api?.stop());

it('every command of docs/feed.md works, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/feed.md', shell, 3);
}, 60_000);
