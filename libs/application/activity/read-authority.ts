import type { Permission } from '#libs/domain/schemes/actions.js';
import { nameOfScheme } from '#libs/domain/schemes/reference.js';
import { authorize, factsFrom } from '../authorize.js';
import type { Caller } from '../caller.js';
import { type Need, onOrg } from '../command-rows/row.js';
import type { Folds } from '../folds.js';
import { pinnedScheme } from '../pinned-scheme.js';
import type { Activity } from './activity-log.js';

export type ReadAuthority = Pick<Activity, 'role' | 'evidence' | 'breakGlass' | 'scheme'>;

/**
 * By what right the caller reads something of an organization, or of the realm where none is named, at the instant
 * (milliseconds): the first of the permissions that they hold. Of everything appended until now, so that emergency access is
 * not missed (G24); empty where they hold none any more.
 */
export async function readAuthority(
  folds: Folds,
  { caller, orgId }: { readonly caller: Caller; readonly orgId: string | undefined },
  permissions: readonly Permission[],
  at: number,
): Promise<ReadAuthority> {
  const [realm, user, org] = await Promise.all([
    folds.current('realm', caller.realm),
    folds.current('user', caller.id),
    orgId === undefined ? undefined : folds.current('org', orgId),
  ]);
  const reference = org?.state.org.status === 'active' ? org.state.org.scheme : realm.state.realm?.scheme;
  if (reference === undefined) return {};
  const scheme = await pinnedScheme(folds, caller.realm, reference);
  for (const permission of permissions) {
    const need: Need = orgId === undefined ? { permission, resource: { kind: 'realm' } } : onOrg(orgId, permission);
    const found = authorize(
      [need],
      (each) => factsFrom(scheme, org?.state, caller, each, { realm, user }, at),
      caller.id,
      at,
    );
    if ('denied' in found) continue;
    return { ...found, scheme: nameOfScheme(reference) };
  }
  return {};
}
