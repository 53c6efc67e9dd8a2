import type { Permission } from './actions.js';
import type { Fault } from './fault.js';
import { faultsOf } from './faults.js';
import { heldPermissions, impliedBy } from './held-permissions.js';
import { type EnvironmentKind, type Role, type SchemeDocument, schemeDocument } from './scheme.js';

type RolesByRole = ReadonlyMap<string, readonly string[]>;

/** What holds in one kind of environment, each by the role that the principal holds in the organization. */
export interface CompiledChild {
  readonly implied: RolesByRole;
  /** What a grant to this very person, and one to a group of theirs, gives. */
  readonly grantedToUser: RolesByRole;
  readonly grantedToGroup: RolesByRole;
  /** The roles that a grant may name itself. */
  readonly overrides: RolesByRole;
  /** Whether a role that a grant names stands beside what the grant gives, or in its place. */
  readonly mode: 'raise' | 'replace' | undefined;
  /** The role of a workflow that is linked to it; undefined where workflows hold nothing. */
  readonly workflow: string | undefined;
  /** Permission → the second one that it takes in an environment of this kind. */
  readonly conjunctions: ReadonlyMap<Permission, Permission>;
}

/** A scheme prepared for deciding: who holds a permission, and what a role implies in a child, are look-ups. */
export interface CompiledScheme {
  readonly document: SchemeDocument;
  readonly roles: ReadonlyMap<string, Role>;
  /** Permission → every role that holds it, inheritance included. */
  readonly holders: ReadonlyMap<Permission, ReadonlySet<string>>;
  /** Org role → the roles it implies in every child, inheritance of the org role included. */
  readonly implied: RolesByRole;
  readonly children: ReadonlyMap<EnvironmentKind, CompiledChild>;
  /** What every principal holds toward itself, and toward the realm. */
  readonly everyone: { readonly self: readonly string[]; readonly realm: readonly string[] };
}

/** Prepares a parsed scheme. Throws when it is broken, naming the path of each fault. */
export function compileScheme(document: SchemeDocument): CompiledScheme {
  const faults = faultsOf(document);
  if (faults.length > 0)
    throw new Error(`scheme ${document.id}: ${faults.map(({ path, message }) => `${path}: ${message}`).join('; ')}`);
  return prepareScheme(document);
}

/** Prepares a scheme that was found sound before. */
export function prepareScheme(document: SchemeDocument): CompiledScheme {
  const roles = new Map(document.roles.map((role) => [role.key, role]));
  const implied = new Map(document.roles.map(({ key }) => [key, impliedBy(document, roles, key)]));
  const everyone = (scope: Role['scope']) => document.sources.everyone.filter((key) => roles.get(key)?.scope === scope);
  return {
    document,
    roles,
    holders: holdersOf(document),
    implied,
    children: new Map(document.children.map((kind) => [kind, childOf(document, roles, implied, kind)])),
    everyone: { self: everyone('self'), realm: everyone('realm') },
  };
}

/** A scheme from outside: prepared, or the path of each of its faults. */
export function readScheme(
  input: unknown,
): { readonly scheme: CompiledScheme } | { readonly faults: readonly Fault[] } {
  const parsed = schemeDocument.safeParse(input);
  if (!parsed.success)
    return { faults: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
  const faults = faultsOf(parsed.data);
  return faults.length > 0 ? { faults } : { scheme: compileScheme(parsed.data) };
}

function holdersOf(document: SchemeDocument): Map<Permission, Set<string>> {
  const holders = new Map<Permission, Set<string>>();
  for (const [role, permissions] of heldPermissions(document))
    for (const permission of permissions) holders.set(permission, (holders.get(permission) ?? new Set()).add(role));
  return holders;
}

function childOf(
  { roles: listed, grants, override, conjunctions, sources }: SchemeDocument,
  roles: ReadonlyMap<string, Role>,
  implied: RolesByRole,
  kind: EnvironmentKind,
): CompiledChild {
  const byRole = (rolesFor: (key: string) => readonly string[]): RolesByRole =>
    new Map(listed.filter(({ scope }) => scope === 'org').map(({ key }) => [key, rolesFor(key)]));
  const granted = (to: 'user' | 'group') =>
    byRole((key) =>
      grants
        .filter(({ on, grantee, of }) => on === kind && grantee.includes(to) && (of === undefined || of.includes(key)))
        .map(({ effect }) => effect),
    );
  const overridden = override?.scope === kind ? override : undefined;
  return {
    implied: byRole((key) => (implied.get(key) ?? []).filter((to) => roles.get(to)?.scope === kind)),
    grantedToUser: granted('user'),
    grantedToGroup: granted('group'),
    overrides: byRole((key) => overridden?.allowed[key] ?? []),
    mode: overridden?.mode,
    workflow: sources.workflow[kind],
    conjunctions: new Map(conjunctions.filter(({ on }) => on === kind).map(({ permission, and }) => [permission, and])),
  };
}
