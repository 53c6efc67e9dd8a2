import type { Permission } from './actions.js';
import type { Fault } from './fault.js';
import { heldPermissions, impliedBy } from './held-permissions.js';
import { environmentKind, type SchemeDocument } from './scheme.js';

/**
 * Where somebody may give what they do not hold themselves (P13). The platform's roles are outside of it: they hold nothing
 * in an organization and still appoint there. So are roles that a second person confirms.
 */
export function escalations(document: SchemeDocument): readonly Fault[] {
  if (!document.noEscalation) return [];
  const held = heldPermissions(document);
  const roles = new Map(document.roles.map((role) => [role.key, role]));
  const reach = (key: string): ReadonlySet<Permission> =>
    new Set([key, ...impliedBy(document, roles, key)].flatMap((each) => [...(held.get(each) ?? [])]));
  const givers = (permission: Permission) =>
    document.roles.filter(({ key, scope }) => scope !== 'platform' && held.get(key)?.has(permission));

  const given: (readonly [path: string, role: string, takes: Permission])[] = [
    ...document.roles.flatMap(({ key, assignedWith, confirmed }, i) =>
      assignedWith === undefined || confirmed ? [] : [[`roles.${i}.assignedWith`, key, assignedWith] as const],
    ),
    ...document.grants.map(({ effect }, i) => [`grants.${i}.effect`, effect, 'environment:grant'] as const),
    ...Object.entries(document.override?.allowed ?? {}).flatMap(([from, to]) =>
      to.map((key, i) => [`override.allowed.${from}.${i}`, key, overrideTakes(document)] as const),
    ),
  ];
  const fault = (path: string, giver: string, role: string): readonly Fault[] => {
    const own = reach(giver);
    const more = [...reach(role)].filter((permission) => !own.has(permission));
    if (more.length === 0) return [];
    return [{ path, message: `escalation: ${giver} may give ${role}, and does not hold ${more.join(', ')} itself` }];
  };
  // Whoever may use an environment may have a workflow run in it.
  const registering = environmentKind.options.flatMap((kind) => {
    const role = document.sources.workflow[kind];
    const scopes = ['org', kind, ...(kind === 'environment' && document.tenancy.personalEnvironment ? ['self'] : [])];
    const users = givers('environment:use').filter(({ scope }) => scopes.includes(scope));
    return role === undefined ? [] : users.flatMap(({ key }) => fault(`sources.workflow.${kind}`, key, role));
  });
  const giving = given.flatMap(([path, role, takes]) => givers(takes).flatMap(({ key }) => fault(path, key, role)));
  return [...giving, ...registering];
}

/** What naming a role in a grant takes: where it stands in place of the grant's effect, no more than granting. */
export const overrideTakes = ({ override }: SchemeDocument): Permission =>
  override?.mode === 'raise' ? 'environment:override-role' : 'environment:grant';
