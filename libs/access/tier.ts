import type { Position } from '#libs/application/ports/event-store.js';
import type { StreamDocument } from '#libs/application/ports/read-models.js';

export type TierName = 'process' | 'redis' | 'postgres';

/**
 * A document as a tier holds it: at the log's position `upTo` the stream's last event had this revision (-1n: it had none),
 * and this was the document. Undefined as a document says that there was none. True for ever, so a tier that lost later
 * changes is behind, never wrong.
 */
export interface Held {
  readonly document: unknown;
  readonly revision: bigint;
  readonly upTo: Position;
}

export interface DocumentTier {
  readonly name: TierName;
  /**
   * In the order asked; undefined where the tier does not hold it. What is held of one stream is of one revision.
   * Never rejects: a tier that cannot be asked holds nothing.
   */
  load(keys: readonly StreamDocument[]): readonly (Held | undefined)[] | Promise<readonly (Held | undefined)[]>;
}

/** How a stream came from a revision to a later one, with documents as they are there. */
export interface StreamChange {
  readonly stream: string;
  /** Every document that changed after this revision is among those touched. */
  readonly from: bigint;
  readonly revision: bigint;
  readonly upTo: Position;
  /** By `fieldOf`. */
  readonly touched: readonly string[];
  /** By `fieldOf`; undefined says that there is none. */
  readonly documents: ReadonlyMap<string, unknown>;
}

/** A tier that is filled from the next one, and follows it. */
export interface CachingTier extends DocumentTier {
  /**
   * Atomically per stream: where the tier's revision lies in what the change spans, the touched documents go and the given
   * ones come. A tier that is already further stays as it is; what a tier holds of an older revision is dropped first.
   */
  apply(change: StreamChange): void | Promise<void>;
  drop(stream: string): void | Promise<void>;
}

/**
 * `hit`: the last tier that an answer needed. `miss`: a tier was asked and did not hold all, or was not current.
 * `fallback`: a tier could not be asked. `drop`: a tier let go of a stream's documents because a change did not continue them.
 */
export type TierEvent = 'hit' | 'miss' | 'fallback' | 'drop';
export type TierListener = (event: TierEvent, tier: TierName) => void;

export const fieldOf = ({ kind, id }: Pick<StreamDocument, 'kind' | 'id'>): string => `${kind}|${id}`;
