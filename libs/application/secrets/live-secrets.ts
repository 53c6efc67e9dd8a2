import type { OrgState } from '#libs/domain/org/org.js';

/**
 * Ids of the secrets that an organization refers to; one that is gone refers to none. A virtual key's is destroyed sooner,
 * as soon as whoever accepts the key was told of it.
 */
export function liveSecretsOf({ org, settings, environments }: OrgState): ReadonlySet<string> {
  if (org.status !== 'active') return new Set();
  const providers = Object.values(settings?.providerKeys ?? {}).map(({ credential }) => credential.secretId);
  const keys = [...environments.values()].flatMap(({ credential }) =>
    credential === undefined ? [] : [credential.id, ...(credential.former === undefined ? [] : [credential.former.id])],
  );
  return new Set([...providers, ...keys]);
}
