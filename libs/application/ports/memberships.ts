import type { Position } from './event-store.js';

/** The read model that knows in which organizations somebody is. */
export abstract class Memberships {
  /** Organizations of the realm, as of the position or later; undefined while the read models are not there yet. */
  abstract of(realm: string, userId: string, asOf: Position): Promise<readonly string[] | undefined>;
}
