import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';

let api: TestApi;
let folder: string;
let shell = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-docs-'));
  api = await startTestApi({ environment: { REALMS: 'rules=projects', READ_WAIT_MS: '20000' } });
  const bearer = (sub: string) =>
    api.bearer(sub, { realm: 'rules', ...(sub === 'op' ? { email: 'admin@localhost' } : {}) });
  const send = async (sub: string, target: string, name: string, body: object) => {
    const own = await bearer(sub);
    const authorization = target === 'realm' ? own : await api.enter(own, 'factory');
    const headers = { authorization };
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, answer.status]).toEqual([name, 200]);
  };
  await send('liu', 'realm', 'CreateOrg', { orgId: 'factory', name: 'Factory', ownerId: 'liu@rules' });
  await send('liu', 'orgs/factory', 'AddMember', { userId: 'max@rules', role: 'org.member' });
  const people = ['op', 'liu', 'max', 'biller'];
  const tokens = await Promise.all(
    people.map(async (sub) => `${sub}='${(await api.enter(await bearer(sub), 'factory')).slice(7)}'`),
  );
  shell = `
    URL=http://127.0.0.1:${api.port}
    org=$URL/v1/orgs/factory
    ${tokens.join('\n')}
    last=''
    as() {
      curl -sS -w '\\n' -D headers -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \${last:+-H "Consistency-Token: $last"} "\${@:2}"
      given=$(tr -d '\\r' < headers | sed -n 's/^[Cc]onsistency-[Tt]oken: //p')
      last=\${given:-$last}
    }
  `;
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('every command of docs/billing.md works, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/billing.md', shell, 3, folder);
}, 60_000);
