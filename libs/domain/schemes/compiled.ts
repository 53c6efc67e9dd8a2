import type { Permission } from './actions.js';
import type { Role, SchemeDocument } from './scheme.js';

/** A scheme prepared for deciding: who holds a permission, and what a role implies in a child, are look-ups. */
export interface CompiledScheme {
  readonly document: SchemeDocument;
  readonly roles: ReadonlyMap<string, Role>;
  /** Permission → every role that holds it, inheritance included. */
  readonly holders: ReadonlyMap<Permission, ReadonlySet<string>>;
  /** Org role → the roles it implies in every child, inheritance of the org role included. */
  readonly implied: ReadonlyMap<string, readonly string[]>;
}

/** Prepares a parsed scheme. Throws when roles inherit in a circle, share a key, or when anything names a role that does not exist. */
export function compileScheme(document: SchemeDocument): CompiledScheme {
  const roles = new Map(document.roles.map((role) => [role.key, role]));
  if (roles.size < document.roles.length) throw new Error('scheme: two roles have the same key');
  for (const key of namedRoles(document)) if (!roles.has(key)) throw new Error(`scheme: unknown role ${key}`);
  const holders = new Map<Permission, Set<string>>();
  const implied = new Map<string, string[]>();
  for (const role of document.roles) {
    const line = ancestry(roles, role.key, []);
    for (const permission of line.flatMap((key) => roles.get(key)?.permissions ?? [])) {
      holders.set(permission, (holders.get(permission) ?? new Set()).add(role.key));
    }
    implied.set(
      role.key,
      document.implicit.filter(({ from }) => line.includes(from)).map(({ to }) => to),
    );
  }
  return { document, roles, holders, implied };
}

function ancestry(roles: ReadonlyMap<string, Role>, key: string, below: readonly string[]): string[] {
  const role = roles.get(key);
  if (role === undefined) throw new Error(`scheme: role ${below.at(-1) ?? key} names an unknown role ${key}`);
  if (below.includes(key)) throw new Error(`scheme: roles inherit in a circle: ${[...below, key].join(' > ')}`);
  return [key, ...role.inherits.flatMap((parent) => ancestry(roles, parent, [...below, key]))];
}

/** Every role that a scheme names outside its list of roles. */
function namedRoles({
  sources,
  implicit,
  override,
  grants,
  orgCreation,
  transfer,
  invitations,
}: SchemeDocument): string[] {
  const { everyone, creator, idpGroup, emailAllowlist, systemUser } = sources;
  return [
    ...everyone,
    ...[creator, sources.default, idpGroup, systemUser].filter((key) => key !== null),
    ...(emailAllowlist === null ? [] : [emailAllowlist.role]),
    ...implicit.flatMap(({ from, to }) => [from, to]),
    ...Object.entries(override?.allowed ?? {}).flatMap(([from, to]) => [from, ...to]),
    ...grants.map(({ effect }) => effect),
    orgCreation.ownerRole,
    ...(transfer === null ? [] : [transfer.role, ...transfer.target, transfer.former]),
    ...(invitations?.forbidRoles ?? []),
  ];
}
