import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { positionText } from '#libs/application/ports/event-store.js';
import { consistencyToken } from '../../apps/api/requests/consistency-token.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';

let api: TestApi;
let folder: string;
let shell = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-docs-'));
  api = await startTestApi({ environment: { READ_WAIT_MS: '20000' } });
  const bearer = (sub: string) => api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : { name: sub });
  const send = async (sub: string, target: string, name: string, body: object) => {
    const authorization = await bearer(sub);
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers: { authorization }, body });
    expect([name, answer.status]).toEqual([name, 200]);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('admin', 'realm', 'AddPlatformAdmin', { userId: 'paul' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  await api.http.send({ path: '/v1/me', headers: { authorization: await bearer('bob') } });
  const head = await api.services.store.head();
  const token = head && consistencyToken(api.services.storeId, positionText(head));
  const people = ['admin', 'paul', 'petra'];
  const tokens = await Promise.all(people.map(async (sub) => `${sub}='${(await bearer(sub)).slice(7)}'`));
  shell = `
    URL=http://127.0.0.1:${api.port}
    org=$URL/v1/orgs/acme realm=$URL/v1/realm
    ${tokens.join('\n')}
    as() { curl -sS -w '\\n' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -H 'Consistency-Token: ${token}' "\${@:2}"; }
  `;
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('every command of docs/erasure.md works, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/erasure.md', shell, 4, folder);
}, 60_000);
