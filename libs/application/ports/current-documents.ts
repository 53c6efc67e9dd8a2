import type { Position } from './event-store.js';
import type { StreamDocument } from './read-models.js';

export interface CurrentDocuments {
  /** In the order asked; undefined where there is none. */
  readonly documents: readonly unknown[];
  /** Revision of each stream that the documents are current to. */
  readonly revisions: ReadonlyMap<string, bigint>;
  readonly position: Position | undefined;
}

/** Documents current to everything this process knows the log to hold; undefined when that takes longer than the budget. */
export abstract class DocumentSource {
  abstract load(keys: readonly StreamDocument[], after: Position | undefined): Promise<CurrentDocuments | undefined>;
}
