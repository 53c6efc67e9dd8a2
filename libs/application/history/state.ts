import type { Binding } from '#libs/domain/access/binding.js';
import type { EnvironmentDocument } from '#libs/domain/access/documents.js';
import { holderIn, holdersIn } from '#libs/domain/org/org.js';
import { heldOn, type OrgResource } from './held-access.js';
import { factsAbout, platformPeople, type World } from './span.js';

/** What one principal holds, and where: only what holds at the instant. */
export interface PrincipalAccess {
  readonly id: string;
  /** Of the membership, or the service account; undefined for who is neither. */
  readonly role: string | undefined;
  readonly suspended: boolean;
  readonly access: readonly { readonly resource: OrgResource; readonly bindings: readonly Binding[] }[];
}

export interface Keyset {
  /** The id after which the page begins. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Members, and who else holds something in the organization, in the order of their ids. */
export function principalsOf(world: World, { after, limit }: Keyset): readonly PrincipalAccess[] {
  const resources = resourcesOf(world);
  const found: PrincipalAccess[] = [];
  for (const id of idsAfter(world, after)) {
    const principal = accessOf(world, id, resources);
    if (principal.role === undefined && principal.access.length === 0) continue;
    if (found.push(principal) === limit) break;
  }
  return found;
}

/** Environments that were not deleted, by id. */
export const environmentsOf = ({ org }: World): readonly EnvironmentDocument[] =>
  [...org.environments.values()].filter(({ status }) => status === 'active').sort(byId);

const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1);

function resourcesOf(world: World): readonly OrgResource[] {
  const orgId = world.org.org.id;
  const environments = environmentsOf(world).map(
    ({ id }) => ({ kind: 'environment', orgId, environmentId: id }) as const,
  );
  return [{ kind: 'org', orgId }, ...environments];
}

function idsAfter(world: World, after: string | undefined): readonly string[] {
  const ids = new Set(platformPeople(world));
  for (const [id] of holdersIn(world.org)) ids.add(id);
  return [...ids].filter((id) => after === undefined || id > after).sort();
}

function accessOf(world: World, id: string, resources: readonly OrgResource[]): PrincipalAccess {
  const holder = holderIn(world.org, id);
  const access = resources.flatMap((resource) => {
    const facts = factsAbout(world, id, resource);
    const bindings = facts === undefined ? [] : heldOn(facts, id, resource, world.at);
    return bindings.length === 0 ? [] : [{ resource, bindings }];
  });
  // A workflow holds its environment alone.
  const role = holder?.machine === 'workflow' ? undefined : holder?.role;
  return { id, role, suspended: holder?.suspension !== undefined, access };
}
