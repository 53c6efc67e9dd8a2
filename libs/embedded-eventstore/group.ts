import { decideAppend } from './append-rules.js';
import type { Expected, StreamView } from './append-rules.js';
import { packRecord } from './record.js';
import type { ProposedEvent } from './record.js';
import type { EventRef, Group, NewEvent, Store, StreamHead } from './store.js';
import { encodeReadEvent } from './wire.js';

export interface AppendRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
  /** Milliseconds since the epoch; an append whose turn comes later is not written. */
  readonly deadline?: number;
}

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly kind: 'wrong_expected_version'; readonly current: bigint }
  | { readonly kind: 'timeout' };

/** The appends of one group commit: each is decided against the store plus what the earlier ones in the group add. */
export class PendingGroup implements Group {
  readonly events: NewEvent[] = [];
  readonly heads = new Map<string, StreamHead>();
  readonly #store: Store;
  readonly #ids = new Map<string, EventRef>();
  readonly #places = new Map<string, NewEvent>();
  readonly #streams = new Set<string>();
  #nextPosition: bigint;

  constructor(store: Store, nextPosition: bigint) {
    this.#store = store;
    this.#nextPosition = nextPosition;
  }

  get nextPosition(): bigint {
    return this.#nextPosition;
  }

  get streams(): ReadonlySet<string> {
    return this.#streams;
  }

  append(request: AppendRequest, now: number): AppendOutcome {
    if (request.deadline !== undefined && request.deadline <= now) return { kind: 'timeout' };
    const head = this.#head(request.stream);
    const current = head?.revision ?? -1n;
    const decision = decideAppend(
      this.#view(request.stream, head),
      request.expected,
      request.events.map((event) => event.id),
    );
    if (decision.kind === 'wrong_expected_version') return { kind: 'wrong_expected_version', current };
    if (decision.kind === 'already_written') return this.#written(head, decision.revision);
    for (const event of request.events) this.#add(request.stream, event, now);
    return this.#written(this.#head(request.stream), current + BigInt(request.events.length));
  }

  #written(head: StreamHead | undefined, revision: bigint): AppendOutcome {
    const position = head && this.#place(head.number, revision)?.position;
    return { kind: 'appended', revision, position };
  }

  #head(stream: string): StreamHead | undefined {
    return this.heads.get(stream) ?? this.#store.head(stream);
  }

  #place(streamNumber: bigint, revision: bigint): { id: string; position: bigint } | undefined {
    return this.#places.get(`${streamNumber}/${revision}`) ?? this.#store.place(streamNumber, revision);
  }

  #view(stream: string, head: StreamHead | undefined): StreamView {
    return {
      current: head?.revision ?? -1n,
      hasMetadata: !stream.startsWith('$$') && this.#head(`$$${stream}`) !== undefined,
      idAt: (revision) => head && this.#place(head.number, revision)?.id,
      revisionOf: (id) => {
        const ref = this.#ids.get(id) ?? this.#store.find(id);
        return ref && ref.streamNumber === head?.number ? ref.revision : undefined;
      },
    };
  }

  #add(stream: string, event: ProposedEvent, now: number): void {
    const head = this.#head(stream);
    const position = this.#nextPosition;
    const streamNumber = head?.number ?? position;
    const revision = (head?.revision ?? -1n) + 1n;
    const answer = encodeReadEvent({ event, stream, revision, position, created: now });
    const record = packRecord(stream, event.type, answer);
    const added: NewEvent = { streamNumber, revision, position, id: event.id, record };
    this.events.push(added);
    this.heads.set(stream, { number: streamNumber, revision });
    this.#ids.set(event.id, added);
    this.#places.set(`${streamNumber}/${revision}`, added);
    this.#streams.add(stream);
    // Positions grow by the size of the record, like offsets in a file: never reused, and not guessable as +1.
    this.#nextPosition = position + BigInt(record.length);
  }
}
