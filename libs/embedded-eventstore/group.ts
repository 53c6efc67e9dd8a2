import { randomUUID } from 'node:crypto';
import { decideAppend } from './append-rules.js';
import type { Expected, StreamView } from './append-rules.js';
import { SOFT_DELETED, metastreamOf, originalOf, parseMetadata, withTruncateBefore } from './metadata.js';
import { packRecord, recordAnswer } from './record.js';
import type { ProposedEvent } from './record.js';
import type { EventRef, Group, NewEvent, Store, StreamHead } from './store.js';
import { JSON_CONTENT, LARGEST_REVISION, decodeReadEvent, encodeReadEvent } from './wire.js';

interface Request {
  readonly stream: string;
  readonly expected: Expected;
}

export interface AppendRequest extends Request {
  readonly events: readonly ProposedEvent[];
  /** Milliseconds since the epoch; an append whose turn comes later is not written. */
  readonly deadline?: number;
}

/** `soft`: the stream can be written again, and goes on with its numbers. `hard`: it is never used again. */
export interface DeleteRequest extends Request {
  readonly remove: 'soft' | 'hard';
}

export type WriteRequest = AppendRequest | DeleteRequest;

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly kind: 'wrong_expected_version'; readonly current: bigint }
  | { readonly kind: 'stream_deleted' }
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

  /** Decides a request and adds what it writes. `now` is in milliseconds since the epoch. */
  write(request: WriteRequest, now: number): AppendOutcome {
    return 'remove' in request ? this.#delete(request, now) : this.append(request, now);
  }

  append(request: AppendRequest, now: number): AppendOutcome {
    const { stream, expected, events, deadline } = request;
    if (deadline !== undefined && deadline <= now) return { kind: 'timeout' };
    const head = this.#head(stream);
    const view = this.#view(stream, head);
    const decision = decideAppend(
      view,
      expected,
      events.map((event) => event.id),
    );
    if (decision.kind === 'stream_deleted') return decision;
    if (decision.kind === 'wrong_expected_version') return { kind: decision.kind, current: view.current };
    if (decision.kind === 'already_written') return this.#written(head, decision.revision);
    const original = originalOf(stream);
    const deletedOriginal = original !== undefined && this.#deleted(original, this.#head(original)) === 'soft';
    for (const event of events) this.#add(stream, event, now);
    const outcome = this.#written(this.#head(stream), view.current + BigInt(events.length));
    if (events.length > 0 && view.deleted === 'soft') this.#undelete(stream, view.current + 1n, now);
    if (events.length > 0 && deletedOriginal) {
      this.#undelete(original, (this.#head(original)?.revision ?? -1n) + 1n, now);
    }
    return outcome;
  }

  #delete({ stream, expected, remove }: DeleteRequest, now: number): AppendOutcome {
    const view = this.#view(stream, this.#head(stream));
    const decision = decideAppend(view, expected, []);
    if (decision.kind === 'stream_deleted') return decision;
    const nothing = remove === 'soft' && view.current < 0n && !view.hasMetadata;
    if (decision.kind !== 'write' || nothing) return { kind: 'wrong_expected_version', current: view.current };
    const written =
      remove === 'hard'
        ? this.#add(stream, ownEvent('$streamDeleted', Buffer.alloc(0)), now, LARGEST_REVISION)
        : this.#add(metastreamOf(stream), ownEvent('$metadata', Buffer.from(`{"$tb":${SOFT_DELETED}}`)), now);
    return { kind: 'appended', revision: written.revision, position: written.position };
  }

  /** Ends a soft delete: what was there before stays hidden, what comes from that number on is seen. */
  #undelete(stream: string, from: bigint, now: number): void {
    const stored = this.#lastMetadata(stream);
    const data = withTruncateBefore(stored?.data ?? Buffer.from('{}'), stored?.isJson ?? true, from);
    this.#add(metastreamOf(stream), ownEvent('$metadata', data), now);
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
      hasMetadata: originalOf(stream) === undefined && this.#head(metastreamOf(stream)) !== undefined,
      deleted: this.#deleted(stream, head),
      idAt: (revision) => head && this.#place(head.number, revision)?.id,
      revisionOf: (id) => {
        const ref = this.#ids.get(id) ?? this.#store.find(id);
        return ref && ref.streamNumber === head?.number ? ref.revision : undefined;
      },
    };
  }

  #deleted(stream: string, head: StreamHead | undefined): 'no' | 'soft' | 'hard' {
    if (head?.revision === LARGEST_REVISION) return 'hard';
    const original = originalOf(stream);
    if (original !== undefined) return this.#head(original)?.revision === LARGEST_REVISION ? 'hard' : 'no';
    const stored = this.#lastMetadata(stream);
    const soft = stored && parseMetadata(stored.data, stored.isJson).truncateBefore === SOFT_DELETED;
    return soft ? 'soft' : 'no';
  }

  #lastMetadata(stream: string): { readonly data: Buffer; readonly isJson: boolean } | undefined {
    const head = this.#head(metastreamOf(stream));
    const record =
      head && (this.#places.get(`${head.number}/${head.revision}`)?.record ?? lastRecord(this.#store, head));
    return record && decodeReadEvent(recordAnswer(record));
  }

  #add(stream: string, event: ProposedEvent, now: number, as?: bigint): NewEvent {
    const head = this.#head(stream);
    const position = this.#nextPosition;
    const streamNumber = head?.number ?? position;
    const revision = as ?? (head?.revision ?? -1n) + 1n;
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
    return added;
  }
}

/** Everything in the store is durable for the one that writes it. */
function lastRecord(store: Store, { number, revision }: StreamHead): Buffer | undefined {
  const range = { from: revision, backwards: true, limit: 1, head: LARGEST_REVISION };
  return store.readStream(number, range)[0]?.record;
}

/** An event of the node's own. */
export function ownEvent(type: string, data: Buffer): ProposedEvent {
  const id = randomUUID().replaceAll('-', '');
  return { id, type, contentType: JSON_CONTENT, data, metadata: Buffer.alloc(0) };
}
