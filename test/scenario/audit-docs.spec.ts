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

/** The page's own refusals happened before: however far the read models are, its answers look the same. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-docs-'));
  api = await startTestApi({ environment: { REALMS: 'default=gateway', READ_WAIT_MS: '20000' } });
  const send = async (sub: string, target: string, name: string, body: object, status: number) => {
    const authorization = await api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {});
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers: { authorization }, body });
    expect([name, answer.status]).toEqual([name, status]);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' }, 200);
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.member' }, 200);
  for (const sub of ['bob', 'bob', 'eve', 'eve'])
    await send(sub, 'orgs/acme', 'RemoveMember', { userId: 'alice' }, sub === 'bob' ? 403 : 404);
  const head = await api.services.store.head();
  const token = head && consistencyToken(api.services.storeId, positionText(head));
  const bearer = async (sub: string, email?: string) => (await api.bearer(sub, email ? { email } : {})).slice(7);
  shell = `
    URL=http://127.0.0.1:${api.port}
    org=$URL/v1/orgs/acme
    admin='${await bearer('admin', 'admin@localhost')}'
    alice='${await bearer('alice')}'
    bob='${await bearer('bob')}'
    as() { curl -sS -w '\\n' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -H 'Consistency-Token: ${token}' "\${@:2}"; }
  `;
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('every command of docs/audit.md works, and answers what stands there', async () => {
  await expectDocumentedAnswers('docs/audit.md', shell, 4, folder);
}, 60_000);
