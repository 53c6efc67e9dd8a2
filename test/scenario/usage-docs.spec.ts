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
  api = await startTestApi({ environment: { REALMS: 'gate=gateway', READ_WAIT_MS: '20000' } });
  const bearer = (sub: string) =>
    api.bearer(sub, { realm: 'gate', ...(sub === 'op' ? { email: 'admin@localhost' } : {}) });
  const send = async (sub: string, target: string, name: string, body: object) => {
    const headers = { authorization: await bearer(sub) };
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, answer.status]).toEqual([name, 200]);
  };
  await send('op', 'realm', 'CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gus@gate' });
  await send('gus', 'orgs/gated', 'AddMember', { userId: 'mel@gate', role: 'org.member' });
  const people = ['op', 'gus', 'mel', 'meter'];
  const tokens = await Promise.all(people.map(async (sub) => `${sub}='${(await bearer(sub)).slice(7)}'`));
  shell = `
    URL=http://127.0.0.1:${api.port}
    org=$URL/v1/orgs/gated
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

it('every command of docs/usage.md works, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/usage.md', shell, 5, folder);
}, 60_000);
