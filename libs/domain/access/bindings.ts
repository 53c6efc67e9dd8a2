import type { CompiledScheme } from '../schemes/compiled.js';
import {
  type EnvironmentDocument,
  type Grant,
  type MemberDocument,
  type OrgDocument,
  own,
  type RealmDocument,
  type UserDocument,
} from './documents.js';

export type Resource =
  | { readonly kind: 'realm' }
  | { readonly kind: 'org'; readonly orgId: string }
  | { readonly kind: 'environment'; readonly orgId: string; readonly environmentId: string }
  | { readonly kind: 'personal_environment'; readonly ownerId: string };

type OrgResource = Extract<Resource, { orgId: string }>;

/** Everything that a decision rests on, whether folded from streams or read from the access documents. */
export interface Facts {
  readonly scheme: CompiledScheme;
  readonly realm: RealmDocument | undefined;
  readonly user: UserDocument | undefined;
  readonly org: OrgDocument | undefined;
  readonly member: MemberDocument | undefined;
  readonly environment: EnvironmentDocument | undefined;
}

/** One way by which the principal holds a role here, with the events that support it. */
export interface Binding {
  readonly role: string;
  readonly source: 'idp_group' | 'email_allowlist' | 'system_user' | 'everyone' | 'record' | 'implicit' | 'grant';
  readonly evidence: readonly string[];
  /** Milliseconds since the epoch; the binding holds in [from, until). */
  readonly from: number;
  readonly until: number;
}

/** Collects every binding of the principal that reaches the resource, whether or not it holds at the instant asked about. */
export function bindingsOf(facts: Facts, principal: string, resource: Resource): Binding[] {
  const bindings: Binding[] = [];
  platformBindings(facts, principal, bindings);
  if (resource.kind === 'personal_environment' && resource.ownerId === principal) {
    const personal = facts.scheme.document.tenancy.personalEnvironment;
    if (personal)
      for (const role of facts.scheme.document.sources.everyone) bindings.push(always(role, 'everyone', []));
  }
  if (resource.kind === 'org' || resource.kind === 'environment') orgBindings(facts, principal, resource, bindings);
  return bindings;
}

function platformBindings({ scheme, realm, user }: Facts, principal: string, into: Binding[]): void {
  if (realm === undefined) return;
  const { idpGroup, emailAllowlist, systemUser, claimMaxAge } = scheme.document.sources;
  if (systemUser !== null && realm.systemUserId === principal)
    into.push(always(systemUser, 'system_user', [realm.evidence]));
  const claims = user?.id === principal ? user.claims : null;
  if (claims === null) return;
  // No begin: what is folded was observed before the question, whatever another process's clock says.
  const window = {
    from: Number.NEGATIVE_INFINITY,
    until: Date.parse(claims.observedAt) + claimMaxAge * 1000,
    evidence: [realm.evidence, claims.evidence],
  };
  if (idpGroup !== null && realm.adminGroup !== null && claims.groups.includes(realm.adminGroup))
    into.push({ role: idpGroup, source: 'idp_group', ...window });
  if (emailAllowlist !== null && claims.emailIndex !== null && realm.adminEmailIndexes.includes(claims.emailIndex))
    into.push({ role: emailAllowlist.role, source: 'email_allowlist', ...window });
}

function orgBindings(
  { scheme, org, member, environment }: Facts,
  principal: string,
  resource: OrgResource,
  into: Binding[],
): void {
  if (org?.status !== 'active' || org.id !== resource.orgId || member?.id !== principal) return;
  into.push(always(member.role, 'record', [member.evidence]));
  if (resource.kind !== 'environment' || environment?.id !== resource.environmentId) return;
  for (const role of scheme.implied.get(member.role) ?? []) into.push(always(role, 'implicit', [member.evidence]));
  const grant = own(member.grants, environment.id);
  if (grant === undefined) return;
  for (const { effect } of scheme.document.grants) into.push(granted(effect, member, grant));
}

const always = (role: string, source: Binding['source'], evidence: readonly string[]): Binding => ({
  role,
  source,
  evidence,
  from: Number.NEGATIVE_INFINITY,
  until: Number.POSITIVE_INFINITY,
});

const granted = (role: string, member: MemberDocument, grant: Grant): Binding => ({
  role,
  source: 'grant',
  evidence: [member.evidence, grant.evidence],
  from: grant.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(grant.notBefore),
  until: grant.notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(grant.notAfter),
});
