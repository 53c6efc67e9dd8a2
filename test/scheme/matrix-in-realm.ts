import type { Resource } from '#libs/domain/access/bindings.js';
import type { Cell } from './cells.js';
import type { Matrix } from './matrices.js';
import { principalOf } from './situation.js';

/** The ids that a situation's names have in its realm; organizations share their names with other realms' ones. */
export const personIn = (realm: string, name: string) => `${name}@${realm}`;
export const orgIn = (realm: string, id: string) => `${realm}-${id}`;

/** The resource of the cell, under the ids of its realm. */
export function resourceOf({ scheme, situation }: Matrix, cell: Cell): Resource {
  const resource = situation.resource(cell.place, cell.column, principalOf(situation, cell));
  if ('ownerId' in resource) return { ...resource, ownerId: personIn(scheme, resource.ownerId) };
  return 'orgId' in resource ? { ...resource, orgId: orgIn(scheme, resource.orgId) } : resource;
}

/** Whether they may know of what the command is posted to: of their own organizations, and of those that they administer. */
export function mayKnow({ situation }: Matrix, cell: Cell): boolean {
  const person = principalOf(situation, cell);
  const resource = situation.resource(cell.place, cell.column, person);
  if (!('orgId' in resource) || situation.operators.includes(person)) return true;
  const { owner, members = [] } = situation.orgs[resource.orgId] ?? { owner: '' };
  return owner === person || members.some(([user]) => user === person);
}

export function asked(realm: string, resource: Resource): { type: string; id: string } {
  switch (resource.kind) {
    case 'realm':
      return { type: 'realm', id: realm };
    case 'org':
      return { type: 'org', id: resource.orgId };
    case 'environment':
      return { type: 'environment', id: `${resource.orgId}/${resource.environmentId}` };
    case 'personal_environment':
      return { type: 'environment', id: `personal/${resource.ownerId}` };
    case 'account':
      return { type: 'account', id: resource.ownerId };
  }
}

/** Headers that a proxy might set to say who asks, in the name of the one whose column it is. */
export function forgedHeaders({ scheme, situation }: Matrix, { column, as }: Cell): Record<string, string> {
  if (as?.includes('forges') !== true) return {};
  const victim = personIn(scheme, situation.people[column] ?? '');
  return { 'x-user-id': victim, 'x-forwarded-user': victim, 'x-remote-user': victim, 'x-role': 'platform.admin' };
}
