import type { Resource } from '#libs/domain/access/bindings.js';
import type { DenialReason } from '#libs/domain/access/permit.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { SchemeDocument } from '#libs/domain/schemes/scheme.js';

/** The right is missing, to somebody who may know of the organization, or of the realm. */
export interface Denied {
  readonly kind: 'denied';
  readonly permission: Permission;
  readonly reason: DenialReason;
  /** How the scheme has it told (K15). */
  readonly style: SchemeDocument['refusals']['style'];
  /** Where it was asked; absent outside of organizations. */
  readonly orgId?: string;
}

/** What only its person can mend is said in any style: otherwise nobody would know what to do. */
const said: readonly DenialReason[] = ['org_suspended', 'member_suspended', 'not_active_org'];

/** A denial, told as the scheme says; what is not there, or not for the caller to see, is not found in any style. */
export function deniedBy(
  { document }: CompiledScheme,
  permission: Permission,
  resource: Resource,
  reason: DenialReason,
): Denied {
  const denied = { kind: 'denied', permission, reason } as const;
  if (!('orgId' in resource)) return { ...denied, style: 'forbid' };
  const style = reason === 'unknown_resource' ? 'hide' : said.includes(reason) ? 'forbid' : document.refusals.style;
  return { ...denied, style, orgId: resource.orgId };
}
