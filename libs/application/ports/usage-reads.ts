import type { Meter } from '#libs/domain/usage/meters.js';
import type { IndexedCommand } from './read-models.js';

/** What the read models have of an organization's usage, all of one moment. */
export interface UsageSeen {
  /** The last revision of the usage stream that is in the rows; -1n for none. */
  readonly revision: bigint;
  /** By the meter's key; meters without a row are absent. */
  readonly values: ReadonlyMap<string, number>;
  /** The command, if it is indexed. */
  readonly command: IndexedCommand | undefined;
}

export abstract class UsageReads {
  abstract seen(orgId: string, meters: readonly Meter[], commandId: string | undefined): Promise<UsageSeen>;
}
