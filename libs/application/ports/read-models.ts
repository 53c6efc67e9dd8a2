import type { DocumentKey } from '#libs/domain/event.js';
import type { Position } from './event-store.js';

/** Where a command's events stand, for answering a repeat. */
export interface IndexedCommand {
  readonly stream: string;
  readonly firstRevision: bigint;
  readonly lastRevision: bigint;
  readonly payloadDigest: string;
}

/** The read model that answers repeats of commands older than what a process remembers. */
export abstract class CommandIndex {
  /**
   * The command, if the projector has indexed it; how far the projector has read; and the streams that are not indexed as
   * far, with the first revision that is not. In one consistent answer.
   */
  abstract find(commandId: string): Promise<{
    readonly command: IndexedCommand | undefined;
    readonly upTo: Position | undefined;
    readonly parked: ReadonlyMap<string, bigint>;
  }>;
}

export interface StreamDocument extends DocumentKey {
  readonly stream: string;
}

export interface LoadedDocuments {
  /** In the order asked; undefined where there is none. */
  readonly documents: readonly unknown[];
  /** Revision that the stream's documents are current to; absent when the projector has seen nothing of it. */
  readonly revisions: ReadonlyMap<string, bigint>;
  /** How far the projector had read when the documents were loaded. */
  readonly upTo: Position | undefined;
  /** Those of the streams asked for whose documents stand still, whatever the projector has read since. */
  readonly parked: ReadonlySet<string>;
}

/** The stored documents that checks decide from, all of one consistent moment. */
export abstract class AccessDocuments {
  abstract load(keys: readonly StreamDocument[]): Promise<LoadedDocuments>;
}

/** How far the read models are, and a way to wait for them. */
export abstract class ReadPosition {
  abstract current(): Promise<Position | undefined>;
  /** True once the read models hold everything up to `position`; false when that takes longer than `budgetMs`. */
  abstract reached(position: Position, budgetMs: number): Promise<boolean>;
}

/** The stream's read models stand still at an event that could not be projected: nothing may be answered from them. */
export class StreamParked extends Error {
  override readonly name = 'StreamParked';
  constructor(readonly stream: string) {
    super(`the read models of ${stream} stand still at an event that cannot be projected`);
  }
}
