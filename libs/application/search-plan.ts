import { bindingsOf, type Facts, type Resource } from '#libs/domain/access/bindings.js';
import type { MemberDocument } from '#libs/domain/access/documents.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledChild } from '#libs/domain/schemes/compiled.js';

/**
 * Where to look for everyone who may hold a permission on a resource. Each source of a role in `bindingsOf()` has its line
 * here: whom these name is all who can be allowed, and `permit()` decides on each.
 */
export interface SubjectPlan {
  /** Those whose membership gives one of these. */
  readonly roles: readonly string[];
  /** Those with a grant of their own on the environment. */
  readonly grantees: boolean;
  /** Members of these groups. */
  readonly groups: readonly string[];
  /** Those who hold one of these beside their membership. */
  readonly assigned: readonly string[];
  /** These. */
  readonly named: readonly string[];
  /** Those whose tokens have shown what a role source names. */
  readonly claimants: boolean;
  /** Everyone in the realm. */
  readonly everyone: boolean;
}

export const nobody: SubjectPlan = {
  roles: [],
  grantees: false,
  groups: [],
  assigned: [],
  named: [],
  claimants: false,
  everyone: false,
};

const none: ReadonlySet<string> = new Set();

/** Of `facts` only what is of no single person counts. */
export function subjectPlan(facts: Facts, resource: Resource, permission: Permission): SubjectPlan {
  if (resource.kind === 'account' || resource.kind === 'personal_environment')
    return { ...nobody, named: [resource.ownerId] };
  const holders = facts.scheme.holders.get(permission) ?? none;
  const platform = { ...nobody, ...platformPlan(facts, holders) };
  if (resource.kind === 'realm')
    return { ...platform, everyone: facts.scheme.everyone.realm.some((role) => holders.has(role)) };
  const { scheme, environment } = facts;
  const child = resource.kind === 'environment' ? scheme.children.get(environment?.kind ?? 'environment') : undefined;
  const roles = [...scheme.roles.keys()].filter((role) => holders.has(role) || implies(child, role, holders));
  const ofChild = { ...platform, roles, assigned: [...holders] };
  if (child === undefined) return ofChild;
  return {
    ...ofChild,
    grantees: gives(child, child.grantedToUser, holders),
    groups: gives(child, child.grantedToGroup, holders) ? Object.keys(environment?.groupGrants ?? {}) : [],
  };
}

function platformPlan({ scheme, realm }: Facts, holders: ReadonlySet<string>): Partial<SubjectPlan> {
  const { idpGroup, emailAllowlist, systemUser } = scheme.document.sources;
  const holds = (role: string | null | undefined) => role !== null && role !== undefined && holders.has(role);
  const system = holds(systemUser) && typeof realm?.systemUserId === 'string' ? [realm.systemUserId] : [];
  const teams = Object.values(realm?.teams ?? {}).flatMap((team) => Object.keys(team));
  const assigned = Object.keys(realm?.assignments ?? {});
  return { named: [...system, ...teams, ...assigned], claimants: holds(idpGroup) || holds(emailAllowlist?.role) };
}

/** Whether what people's own tokens have shown may decide on the permission, or on the second one that it takes. */
export function claimsDecide({ scheme }: Facts, permission: Permission): boolean {
  const { idpGroup, emailAllowlist } = scheme.document.sources;
  const seconds = [...scheme.children.values()].map(({ conjunctions }) => conjunctions.get(permission));
  return [permission, ...seconds].some((each) => {
    const holders = each === undefined ? none : (scheme.holders.get(each) ?? none);
    return [idpGroup, emailAllowlist?.role ?? null].some((role) => role !== null && holders.has(role));
  });
}

/** In which environments of an organization one principal may hold a permission. */
export interface EnvironmentPlan {
  /** In any of them; else in those named, and in those granted to the groups. */
  readonly all: boolean;
  readonly named: readonly string[];
  readonly groups: readonly string[];
}

export function environmentPlan(
  facts: Facts,
  principal: string,
  orgId: string,
  permission: Permission,
): EnvironmentPlan {
  const holders = facts.scheme.holders.get(permission) ?? none;
  const { member, scheme } = facts;
  const reaching = bindingsOf(facts, principal, { kind: 'org', orgId }, holders).length > 0;
  const implied = [...scheme.children.values()].some((child) => implies(child, member?.role, holders));
  return { all: reaching || implied, named: Object.keys(member?.grants ?? {}), groups: groupsOf(member) };
}

/** Whether some role of the platform, and not of one organization, is theirs: then any organization may be meant. */
export const isEverywhere = (facts: Facts, principal: string): boolean =>
  bindingsOf(facts, principal, { kind: 'realm' }).some(({ source }) => source !== 'everyone');

const groupsOf = (member: MemberDocument | undefined): readonly string[] => Object.keys(member?.groups ?? {});

const implies = (child: CompiledChild | undefined, role: string | undefined, holders: ReadonlySet<string>): boolean =>
  role !== undefined && child?.implied.get(role)?.some((each) => holders.has(each)) === true;

/** Whether a grant, by what it gives or names, may give one of the roles. */
const gives = (
  { overrides }: CompiledChild,
  effects: CompiledChild['grantedToUser'],
  holders: ReadonlySet<string>,
): boolean => [...effects.values(), ...overrides.values()].some((roles) => roles.some((role) => holders.has(role)));
