/** A place in the log of all streams: `commit/prepare` as the store gives it, kept opaque but ordered. */
export interface Position {
  readonly commit: bigint;
  readonly prepare: bigint;
}

export type Metadata = Readonly<Record<string, string>>;

export interface EventToAppend {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Metadata;
}

export interface StoredEvent extends EventToAppend {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: Position;
}

export type AppendOutcome =
  | { readonly appended: true; readonly revision: bigint; readonly position: Position }
  | { readonly appended: false; readonly conflict: true };

/** The store did not answer, or not with a certain outcome: repeat with the same ids and the same expected revision. */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable';
}

/** The revision that an append expects: `-1n` for an empty stream, `any` for what rests on nothing that the stream holds. */
export type ExpectedRevision = bigint | 'any';

/** The log of events behind one port. Revisions start at 0n. */
export abstract class EventStore {
  /** All events or none; under `any` a repeat with the same ids is done once. Throws EventStoreUnavailable when the outcome is unknown. */
  abstract append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendOutcome>;
  /** Events of one stream forwards from a revision, `count` at most, in pages; no page when there is no such stream. */
  abstract read(stream: string, fromRevision: bigint, count?: number): AsyncIterable<readonly StoredEvent[]>;
  /** The last event of a stream. */
  abstract last(stream: string): Promise<StoredEvent | undefined>;
  /** The last position of the log that a user's event stands at; undefined while there is none. */
  abstract head(): Promise<Position | undefined>;
  /** Events of all user streams after a position, in order, live; ends when the signal aborts, throws when the connection breaks. */
  abstract follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]>;
  /** The event at exactly this position, to recognize a log that was truncated or replaced. */
  abstract at(position: Position): Promise<StoredEvent | undefined>;
}

export const start: Position = { commit: 0n, prepare: 0n };

export function comparePositions(a: Position, b: Position): number {
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1;
  if (a.prepare !== b.prepare) return a.prepare < b.prepare ? -1 : 1;
  return 0;
}

/** `commit/prepare` as text, for columns and tokens. */
export const positionText = ({ commit, prepare }: Position): string => `${commit}/${prepare}`;

export function parsePosition(value: string): Position | undefined {
  const match = /^(\d{1,20})\/(\d{1,20})$/.exec(value);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { commit: BigInt(match[1]), prepare: BigInt(match[2]) };
}
