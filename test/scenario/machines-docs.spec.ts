import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { positionText } from '#libs/application/ports/event-store.js';
import { consistencyToken } from '../../apps/api/requests/consistency-token.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';

let api: TestApi;
let shell = '';

beforeAll(async () => {
  api = await startTestApi({ environment: { READ_WAIT_MS: '20000' } });
  const bearer = (sub: string) => api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {});
  const send = async (sub: string, target: string, name: string, body: object) => {
    const authorization = await bearer(sub);
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers: { authorization }, body });
    expect([name, answer.status]).toEqual([name, 200]);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  const grantee = { type: 'user', id: 'bob' };
  await send('alice', 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'production', grantee });
  const head = await api.services.store.head();
  const token = head && consistencyToken(api.services.storeId, positionText(head));
  shell = `
    URL=http://127.0.0.1:${api.port}
    org=$URL/v1/orgs/acme
    alice='${(await bearer('alice')).slice('Bearer '.length)}'
    bob='${(await bearer('bob')).slice('Bearer '.length)}'
    folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
    last='${token}'
    as() {
      curl -sS -w '\\n' -D "$folder/headers" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -H "Consistency-Token: $last" "\${@:2}"
      given=$(tr -d '\\r' < "$folder/headers" | sed -n 's/^[Cc]onsistency-[Tt]oken: //p')
      last=\${given:-$last}
    }
  `;
}, 60_000);
afterAll(() => api?.stop());

it('every command of docs/machines.md works, and answers what stands there (X-02, X-03, G11, T46)', async () => {
  await expectDocumentedAnswers('docs/machines.md', shell, 6);
}, 60_000);
