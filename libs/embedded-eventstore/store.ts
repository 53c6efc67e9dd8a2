/** A stream's identity and last event number. `number` is the position of its first event: unique, and never reused. */
export interface StreamHead {
  readonly number: bigint;
  readonly revision: bigint;
}

export interface EventPlace {
  readonly position: bigint;
  readonly id: string;
}

export interface EventRef {
  readonly streamNumber: bigint;
  readonly revision: bigint;
}

/** A new event, ready to be stored. */
export interface NewEvent extends EventRef, EventPlace {
  readonly record: Buffer;
}

/** The writes of one group commit: all of them, or none. */
export interface Group {
  readonly events: readonly NewEvent[];
  readonly heads: ReadonlyMap<string, StreamHead>;
}

/** One stored event: `at` is its position in a read of the log, its revision in a read of a stream. */
export interface Found {
  readonly at: bigint;
  readonly record: Buffer;
}

export interface Range {
  readonly from: bigint;
  readonly backwards: boolean;
  readonly limit: number;
  /** Events after this position are not durable yet, so they do not exist for a reader. */
  readonly head: bigint;
}

/** Where the log is kept. Writes come one group at a time; reads are synchronous pages and never wait for a write. */
export interface Store {
  /** The first position that no event has used. */
  nextPosition(): bigint;
  head(stream: string): StreamHead | undefined;
  place(streamNumber: bigint, revision: bigint): EventPlace | undefined;
  find(id: string): EventRef | undefined;
  /** Resolves when the whole group is durable. */
  write(group: Group): Promise<void>;
  /** Inclusive of `from`, in both directions. */
  readLog(range: Range): Found[];
  /** Inclusive of `from`, in both directions. */
  readStream(streamNumber: bigint, range: Range): Found[];
  close(): Promise<void>;
}
