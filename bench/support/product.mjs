import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { signDevToken } from '../../dist/libs/platform/identity/dev-issuer.js';
import { loadKeys } from '../../dist/libs/platform/keys.js';
import { startApp } from './app.mjs';

/** What `npm start` runs, on an empty folder and in a process of its own. */
export async function startProduct(folder, cleanUp, env = {}) {
  const app = await startApp('standalone', { folder, cleanUp, env });
  return { ...app, tokenOf: await tokensOf(folder) };
}

/** Tokens that the processes over the folder believe, for an hour. */
export async function tokensOf(folder) {
  const keys = await loadKeys(join(folder, 'keys'));
  return (sub, claims = {}) => signDevToken(keys, { sub, ...claims, ttlSeconds: 3600 });
}

/** Organizations with an owner each, who also gets a token. */
export async function createOrganizations({ ask, tokenOf }, count) {
  const admin = await tokenOf('admin', { email: 'admin@localhost' });
  const created = [];
  for (let i = 0; i < count; i++) {
    const [orgId, ownerId] = [`org-${i}`, `owner-${i}`];
    await ask('POST', '/v1/realm/commands/CreateOrg', admin, { body: { orgId, name: orgId, ownerId } });
    created.push({ orgId, ownerId, token: await tokenOf(ownerId) });
  }
  return created;
}

/**
 * Owners take turns; each creates an environment, then grants itself the use of it.
 * `prefix` keeps apart the environments of several that act on the same organizations. Answers where the command acted,
 * and with what answer.
 */
export function commandsOf({ ask }, organizations, prefix = 'env') {
  let sent = 0;
  const last = new Map();
  return async ({ keyed = false } = {}) => {
    const turn = sent++;
    const { orgId, ownerId, token } = organizations[turn % organizations.length];
    const step = Math.floor(turn / organizations.length);
    const environmentId = `${prefix}-${step >> 1}`;
    const headers = keyed ? { 'idempotency-key': `"${randomUUID()}"` } : {};
    const [name, body] =
      step % 2 === 0
        ? ['CreateEnvironment', { environmentId, name: 'Production' }]
        : ['GrantEnvironmentAccess', { environmentId, grantee: { type: 'user', id: ownerId } }];
    // One command of an organization after the other: on a busy machine one may take longer than a turn of all the others.
    const before = last.get(orgId);
    const answering = (async () => {
      await before;
      return ask('POST', `/v1/orgs/${orgId}/commands/${name}`, token, { body, headers });
    })();
    last.set(orgId, answering);
    const answer = await answering;
    return { name, environmentId, orgId, token, answer };
  };
}
