import type { OrgState } from '#libs/domain/org/org.js';

/** Ids of the secrets that an organization refers to; one that is gone refers to none. */
export function liveSecretsOf({ org, settings }: OrgState): ReadonlySet<string> {
  if (org.status !== 'active') return new Set();
  return new Set(Object.values(settings?.providerKeys ?? {}).map(({ credential }) => credential.secretId));
}
