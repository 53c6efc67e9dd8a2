import type { Binding } from '#libs/domain/access/binding.js';
import { bindingsOf, type Facts, type Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import { actionOf, type Permission } from '#libs/domain/schemes/actions.js';

const nobody: ReadonlySet<string> = new Set();

/** What of the organization access is asked for: itself, or one of its environments. */
export type OrgResource = Extract<Resource, { orgId: string }>;

/**
 * The bindings to roles that the principal effectively holds on the resource at the instant; none on what does not exist.
 * On an environment those to roles of its own kind only: roles of the organization reach every environment.
 */
export function heldOn(facts: Facts, principal: string, resource: OrgResource, at: number): readonly Binding[] {
  if (!exists(facts, resource, at)) return [];
  const holding = bindingsOf(facts, principal, resource).filter((binding) => holds(binding, at));
  if (resource.kind === 'org') return holding;
  const kind = facts.environment?.kind ?? 'environment';
  return holding.filter(({ role }) => facts.scheme.roles.get(role)?.scope === kind);
}

const holds = ({ from, until, block }: Binding, at: number): boolean => block === undefined && at >= from && at < until;

/** What is answered to somebody unknown: whoever is suspended is not told. */
const exists = (facts: Facts, resource: OrgResource, at: number): boolean =>
  permit(facts, { principal: '', permission: 'org:view', resource, at }).reason !== 'unknown_resource';

/** Roles and permissions that a principal holds on a resource. */
export type Held = ReadonlySet<string>;

/**
 * Answers what principals hold, as sets of role keys and permissions. A permission of the organization is listed at an
 * environment only where the scheme takes a second one there: otherwise the environment does not make a difference.
 * What `permit()` answers depends on existence, scheme, kind and the roles that hold alone, so it is asked once for each
 * combination, not once for each principal.
 */
export class HeldAccess {
  private readonly known = new Map<string, readonly Permission[]>();

  of(facts: Facts | undefined, principal: string, resource: OrgResource, at: number): Held {
    if (facts === undefined || !exists(facts, resource, at)) return nobody;
    const roles = new Set(heldOn(facts, principal, resource, at).map(({ role }) => role));
    return new Set([...roles, ...this.permissions(facts, principal, resource, at)]);
  }

  private permissions(facts: Facts, principal: string, resource: OrgResource, at: number): readonly Permission[] {
    const { id, version } = facts.scheme.document;
    const kind = resource.kind === 'org' ? 'org' : (facts.environment?.kind ?? 'environment');
    const holding = bindingsOf(facts, principal, resource).filter((binding) => holds(binding, at));
    const roles = [...new Set(holding.map(({ role }) => role))].sort();
    const key = JSON.stringify([id, version, kind, roles]);
    const found =
      this.known.get(key) ??
      askedOf(facts, resource).filter((permission) => permit(facts, { principal, permission, resource, at }).allowed);
    this.known.set(key, found);
    return found;
  }
}

/** The permissions that are listed at the resource, where they are held. */
function askedOf({ scheme, environment }: Facts, resource: OrgResource): readonly Permission[] {
  const all = [...scheme.holders.keys()];
  if (resource.kind === 'org') return all.filter((permission) => actionOf(permission).scope === 'org');
  const second = scheme.children.get(environment?.kind ?? 'environment')?.conjunctions;
  return all.filter((permission) => actionOf(permission).scope === 'environment' || second?.has(permission) === true);
}

/** The roles through which a role or permission may be held: whose coming and going explains its own. */
export function rolesBehind({ scheme, environment }: Facts, held: string): ReadonlySet<string> {
  if (scheme.roles.has(held)) return new Set([held]);
  const permission = held as Permission;
  const second = scheme.children.get(environment?.kind ?? 'environment')?.conjunctions.get(permission);
  const holders = [permission, ...(second === undefined ? [] : [second])].flatMap((each) => [
    ...(scheme.holders.get(each) ?? nobody),
  ]);
  return new Set(holders);
}
