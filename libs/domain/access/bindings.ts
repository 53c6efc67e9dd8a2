import type { CompiledChild, CompiledScheme } from '../schemes/compiled.js';
import type { EnvironmentKind } from '../schemes/scheme.js';
import { add, always, type Block, type Binding, type Collection, ever, granted, none } from './binding.js';
import {
  type Assignment,
  type EnvironmentDocument,
  type Grant,
  isOfRealm,
  type MemberDocument,
  type OrgDocument,
  own,
  type RealmDocument,
  type ServiceAccountDocument,
  type UserDocument,
} from './documents.js';
import { machineOf, realmOfMachine } from './machines.js';

export type Resource =
  | { readonly kind: 'realm' }
  | { readonly kind: 'org'; readonly orgId: string }
  | OrgEnvironment
  | { readonly kind: 'personal_environment'; readonly ownerId: string }
  /** A principal itself: its own usage, keys and questions. */
  | { readonly kind: 'account'; readonly ownerId: string };

interface OrgEnvironment {
  readonly kind: 'environment';
  readonly orgId: string;
  readonly environmentId: string;
  /** Where given, an environment of another kind is not the one that is meant. */
  readonly type?: EnvironmentKind;
}

type OrgResource = Extract<Resource, { orgId: string }>;

/** Everything that a decision rests on, whether folded from streams or read from the access documents. */
export interface Facts {
  readonly scheme: CompiledScheme;
  readonly realm: RealmDocument | undefined;
  readonly user: UserDocument | undefined;
  readonly org: OrgDocument | undefined;
  readonly member: MemberDocument | undefined;
  readonly environment: EnvironmentDocument | undefined;
  /** Absent where nobody's session bears on the decision. */
  readonly session?: Session | undefined;
}

/** What the one who asks is signed in to: an organization, or none yet. Counts where the scheme knows one active organization. */
export interface Session {
  readonly principal: string;
  readonly activeOrg: string | null;
}

/**
 * Collects every binding of the principal that reaches the resource, whether or not it holds at the instant asked about.
 * `wanted` leaves out those to other roles: most of what a decision costs is making bindings that do not bear on it.
 */
export function bindingsOf(
  facts: Facts,
  principal: string,
  resource: Resource,
  wanted?: ReadonlySet<string>,
): readonly Binding[] {
  const into: Collection = { wanted, bindings: [] };
  switch (resource.kind) {
    case 'realm':
      platformBindings(facts, principal, into);
      // What everyone may do on the platform, such as creating an organization, is for people.
      if (machineOf(principal) === undefined)
        for (const role of facts.scheme.everyone.realm) always(into, role, 'everyone', none);
      break;
    case 'org':
    case 'environment':
      platformBindings(facts, principal, into);
      orgBindings(facts, principal, resource, into);
      break;
    case 'personal_environment':
      ownBindings(facts, principal, resource.ownerId, into);
      guestBindings(facts, principal, resource.ownerId, into);
      break;
    case 'account':
      ownBindings(facts, principal, resource.ownerId, into);
  }
  return into.bindings;
}

/** What is a person's own: the platform's admins do not reach it either. */
function ownBindings({ scheme }: Facts, principal: string, ownerId: string, into: Collection): void {
  if (ownerId === principal && machineOf(principal) === undefined)
    for (const role of scheme.everyone.self) always(into, role, 'everyone', none);
}

/** A workflow in its owner's personal environment has the access that workflows have in an environment (T46). */
function guestBindings(
  { scheme, realm, org, member }: Facts,
  principal: string,
  ownerId: string,
  into: Collection,
): void {
  if (org?.status !== 'active' || org.id !== machineOf(principal)?.orgId) return;
  if (realm === undefined || !isOfRealm(org, realm.id)) return;
  if (member?.home?.ownerId !== ownerId || member.id !== principal) return;
  const role = scheme.children.get('environment')?.workflow;
  if (role !== undefined) always(into, role, 'workflow', [member.home.evidence, member.evidence], blockIn(org, member));
}

function platformBindings({ scheme, realm, user }: Facts, principal: string, into: Collection): void {
  if (realm === undefined) return;
  const { idpGroup, emailAllowlist, systemUser, claimMaxAge, teamMembership } = scheme.document.sources;
  if (systemUser !== null && realm.systemUserId === principal)
    always(into, systemUser, 'system_user', [realm.evidence]);
  if (realm.teams !== undefined)
    for (const { team, roles, role } of teamMembership) {
      const place = own(own(realm.teams, team) ?? {}, principal);
      if (place !== undefined && roles.includes(place.role)) always(into, role, 'team', [place.evidence]);
    }
  const assigned = realm.assignments && own(realm.assignments, principal);
  if (assigned !== undefined) assignmentBindings(scheme, assigned, [], undefined, into);
  const account = accountOf(realm, principal);
  if (account !== undefined) always(into, account.role, 'service_account', [account.evidence]);
  const claims = user?.id === principal ? user.claims : null;
  if (claims === null) return;
  // No begin: what is folded was observed before the question, whatever another process's clock says.
  const window = {
    from: ever,
    until: Date.parse(claims.observedAt) + claimMaxAge * 1000,
    evidence: [realm.evidence, claims.evidence],
    block: undefined,
  };
  if (idpGroup !== null && realm.adminGroup !== null && claims.groups.includes(realm.adminGroup))
    add(into, { role: idpGroup, source: 'idp_group', ...window });
  if (emailAllowlist !== null && claims.emailIndex !== null && realm.adminEmailIndexes.includes(claims.emailIndex))
    add(into, { role: emailAllowlist.role, source: 'email_allowlist', ...window });
}

/** The machine of the realm's platform that the principal is. */
function accountOf(realm: RealmDocument, principal: string): ServiceAccountDocument | undefined {
  const machine = realm.services === undefined ? undefined : machineOf(principal);
  if (machine === undefined || realmOfMachine(machine) !== realm.id) return undefined;
  const account = own(realm.services ?? {}, machine.id);
  return account?.status === 'active' ? account : undefined;
}

/** What keeps the principal's membership from holding anything in the organization of the resource; none where there is none. */
export function suspensionOf({ org, member }: Facts, principal: string, resource: Resource): Suspended | undefined {
  if (!('orgId' in resource) || org?.id !== resource.orgId || member?.id !== principal) return undefined;
  return blockIn(org, member);
}

type Suspended = Extract<Block, 'org_suspended' | 'member_suspended'>;

const blockIn = (org: OrgDocument, member: MemberDocument): Suspended | undefined =>
  org.suspension ? 'org_suspended' : member.suspension ? 'member_suspended' : undefined;

function orgBindings(facts: Facts, principal: string, resource: OrgResource, into: Collection): void {
  const { scheme, org, member, environment } = facts;
  if (org?.status !== 'active' || org.id !== resource.orgId || member?.id !== principal) return;
  const block = suspensionOf(facts, principal, resource);
  const joined = [member.evidence];
  if (member.machine !== 'workflow')
    always(into, member.role, member.machine === 'service' ? 'service_account' : 'record', joined, block);
  if (member.assignments !== undefined) assignmentBindings(scheme, member.assignments, joined, block, into);
  if (resource.kind !== 'environment' || environment?.id !== resource.environmentId) return;
  const child = scheme.children.get(environment.kind ?? 'environment');
  if (child === undefined) return;
  for (const role of child.implied.get(member.role) ?? none) always(into, role, 'implicit', joined, block);
  const grant = own(member.grants, environment.id);
  if (member.machine === 'workflow') {
    if (grant !== undefined && child.workflow !== undefined) always(into, child.workflow, 'workflow', joined, block);
    return;
  }
  if (grant !== undefined)
    for (const role of rolesOfGrant(child, child.grantedToUser, member.role, grant))
      granted(into, role, 'grant', [member.evidence, grant.evidence], grant, block);
  if (member.groups !== undefined) groupBindings(child, member, member.groups, environment, block, into);
}

function groupBindings(
  child: CompiledChild,
  member: MemberDocument,
  groups: Readonly<Record<string, string>>,
  { groupGrants }: EnvironmentDocument,
  block: Block | undefined,
  into: Collection,
): void {
  for (const [group, entered] of Object.entries(groups)) {
    const grant = own(groupGrants, group);
    if (grant === undefined) continue;
    for (const role of rolesOfGrant(child, child.grantedToGroup, member.role, grant))
      granted(into, role, 'group_grant', [member.evidence, entered, grant.evidence], grant, block);
  }
}

/** A role that the grant names counts only as long as the scheme allows it to a holder of this role. */
function rolesOfGrant(
  { overrides, mode }: CompiledChild,
  effects: CompiledChild['grantedToUser'],
  orgRole: string,
  { role }: Grant,
): readonly string[] {
  const effect = effects.get(orgRole) ?? none;
  if (role === undefined) return effect;
  const named = overrides.get(orgRole)?.includes(role) === true ? [role] : none;
  return mode === 'replace' ? named : [...effect, ...named];
}

function assignmentBindings(
  { roles }: CompiledScheme,
  assignments: Readonly<Record<string, Assignment>>,
  before: readonly string[],
  block: Block | undefined,
  into: Collection,
): void {
  for (const [role, assignment] of Object.entries(assignments)) {
    const waits = roles.get(role)?.confirmed === true && !assignment.confirmed;
    const evidence = [...before, ...assignment.evidence];
    granted(into, role, 'assignment', evidence, assignment, block ?? (waits ? 'not_confirmed' : undefined));
  }
}
