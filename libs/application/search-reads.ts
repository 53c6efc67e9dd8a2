import type { MachineKind } from '#libs/domain/access/machines.js';
import type { LoadedDocuments, StreamDocument } from './ports/read-models.js';
import type { Position } from './ports/event-store.js';

/** The ids that come after one, in the order of their bytes, so many at most. */
export interface Keyset {
  readonly after: string | undefined;
  readonly limit: number;
}

type Ids = Promise<readonly string[]>;

/** The read models at one moment: who and what a search may mean, beside the documents that decide. */
export interface SearchSnapshot {
  /** How far the projector had read. */
  readonly upTo: Position;
  load(keys: readonly StreamDocument[]): Promise<LoadedDocuments>;
  /** Members whose membership gives one of the roles. */
  membersHolding(orgId: string, roles: readonly string[], page: Keyset): Ids;
  membersInGroups(orgId: string, groups: readonly string[], page: Keyset): Ids;
  /** Members with one of the roles beside their membership. */
  membersAssigned(orgId: string, roles: readonly string[], page: Keyset): Ids;
  /** People with a grant of their own on the environment. */
  granteesOn(orgId: string, environmentId: string, page: Keyset): Ids;
  /** Principals of the organization's machines of one kind. */
  machinesOf(orgId: string, kind: MachineKind, page: Keyset): Ids;
  /** Principals of the workflows in the personal environment of their owner. */
  guestsOf(ownerId: string, page: Keyset): Ids;
  /** People of the realm whose tokens have shown what a role source names. */
  claimants(realm: string, page: Keyset): Ids;
  /** People who have been seen in the realm. */
  people(realm: string, page: Keyset): Ids;
  organizationsOf(userId: string, page: Keyset): Ids;
  organizationsIn(realm: string, page: Keyset): Ids;
  /** Organizations with an event about the person, whether or not they are a member now. */
  organizationsNaming(userId: string, page: Keyset): Ids;
  environmentsIn(orgId: string, page: Keyset): Ids;
  environmentsGrantedTo(orgId: string, groups: readonly string[], page: Keyset): Ids;
}

/** The organization's read models stand still, and the asker may know of it: the search cannot be complete. */
export class SearchParked extends Error {
  override readonly name = 'SearchParked';
}

export abstract class SearchReads {
  /** All that `work` reads is of one moment. */
  abstract at<T>(work: (snapshot: SearchSnapshot) => Promise<T>): Promise<T>;
}

/** The first of all the ids, each once, in order: complete as far as each of the lists is. */
export function merged(lists: readonly (readonly string[])[], limit: number): readonly string[] {
  return [...new Set(lists.flat())].sort(byBytes).slice(0, limit);
}

/** As the read models order ids; these hold ASCII only. */
export const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
