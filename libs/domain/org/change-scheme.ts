import type { z } from 'zod';
import { own } from '../access/documents.js';
import type { DecisionContext } from '../command.js';
import { type Decision, type Refusal, refuse } from '../decision.js';
import { type schemeVersion, schemeOfRealm } from '../realm/schemes.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { nameOfScheme } from '../schemes/reference.js';
import type { OrgEvent } from './events.js';
import { machineRoleFault } from './machine-roles.js';
import type { OrgState } from './org.js';

/** Moves the organization to another version of a scheme of its realm, under which it would have been legal all along. */
export function changeScheme(
  state: OrgState,
  { schemeId: id, version }: z.output<typeof schemeVersion>,
  { realmDocument, at }: DecisionContext,
): Decision<OrgEvent> {
  if (state.org.status !== 'active') return refuse('org_not_found');
  const to = { id, version };
  const scheme = realmDocument && schemeOfRealm(realmDocument, to);
  if (scheme === undefined) return refuse('scheme_unknown');
  const from = state.org.scheme;
  if (nameOfScheme(from) === nameOfScheme(to)) return [];
  return faultUnder(state, scheme, at) ?? [{ type: 'OrgSchemeChanged', data: { scheme: to, from } }];
}

/** Why the organization cannot be under the scheme as it is. */
function faultUnder(state: OrgState, scheme: CompiledScheme, at: number): Refusal | undefined {
  const { org, environments, services } = state;
  const { children, plans, cloudProvider: ofProviders } = scheme.document;
  const roles = missingRoles(state, scheme, at);
  if (roles.length > 0) return { refused: 'roles_missing', roles };
  for (const { status, role } of services.values())
    if (status === 'active' && machineRoleFault(scheme, role) !== undefined) return refuse('not_for_machines');
  for (const { key, holders } of scheme.document.roles) {
    if (holders === undefined) continue;
    const held = org.holders[key] ?? 0;
    if (held - (org.suspendedHolders?.[key] ?? 0) < holders.min) return refuse('role_holders_short');
    if (holders.max !== null && held > holders.max) return refuse('role_holders_full');
  }
  for (const { status, kind = 'environment', cloudProvider } of environments.values()) {
    if (status !== 'active') continue;
    if (!children.includes(kind)) return refuse('environment_kind_unknown');
    if (cloudProvider !== undefined && ofProviders === 'none') return refuse('cloud_provider_unknown');
  }
  if (org.plan !== undefined && Object.keys(plans).length > 0 && own(plans, org.plan) === undefined)
    return refuse('plan_unknown');
  return undefined;
}

/** Roles that memberships, service accounts, or invitations that somebody may still accept, are to, and that are none of the scheme's. */
function missingRoles({ org, invitations, services }: OrgState, { roles }: CompiledScheme, at: number): string[] {
  const held = Object.entries(org.holders).flatMap(([role, count]) => (count > 0 ? [role] : []));
  const invited = [...invitations.values()]
    .filter(({ status, expiresAt }) => status === 'pending' && at < Date.parse(expiresAt))
    .map(({ role }) => role);
  const served = [...services.values()].flatMap(({ status, role }) => (status === 'active' ? [role] : []));
  return [...new Set([...held, ...invited, ...served])].sort().filter((role) => {
    const found = roles.get(role);
    return found?.scope !== 'org' || found.confirmed;
  });
}
