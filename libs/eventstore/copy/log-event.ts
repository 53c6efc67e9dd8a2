import type { Position } from '#libs/application/ports/event-store.js';

/** An event as a store keeps it, byte by byte: nothing of it is parsed, so nothing of it can change on its way. */
export interface LogEvent {
  readonly stream: string;
  readonly revision: bigint;
  /** UUID in lower case with hyphens. */
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** Where it stands in this log. A copy stands elsewhere. */
  readonly position: Position;
}

/** A log that can be read from one end to the other. */
export interface EventLog {
  /** The events of all streams, the store's own ones too, in order, after a position up to the end at this moment. */
  pages(after?: Position): AsyncIterable<readonly LogEvent[]>;
}

/** Consecutive events of one stream. */
export type Run = readonly [LogEvent, ...LogEvent[]];

export interface WritableLog extends EventLog {
  /**
   * Appends each run at once, in this order: all of them or, where it throws, a first part of them. What stands there
   * already is found and not written again. Throws AppendConflict where other events stand, EventStoreUnavailable where
   * the store does not answer.
   */
  append(runs: readonly Run[]): Promise<void>;
}

/** The stream does not end where the copied events begin: somebody else writes to it. */
export class AppendConflict extends Error {
  override readonly name = 'AppendConflict';
}

/** Streams that a store keeps for itself: settings, statistics, and what it derives from other streams. */
export const isSystemStream = (stream: string): boolean => stream.startsWith('$');

/** All that a copy keeps, in one form: two events are the same if and only if these bytes are. */
export function canonicalBytes({ stream, revision, id, type, contentType, data, metadata }: LogEvent): Buffer {
  const head = Buffer.from(JSON.stringify([stream, `${revision}`, id, type, contentType, data.length]));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, data, metadata]);
}
