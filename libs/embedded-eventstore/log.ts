import { NO_STREAM } from './append-rules.js';
import { PendingGroup, ownEvent } from './group.js';
import type { AppendOutcome, WriteRequest } from './group.js';
import type { Found, Store, StreamHead } from './store.js';

/** Bounds of one group commit, so that a flood of appends cannot make the first of them wait for all. */
const GROUP_APPENDS = 1000;
const GROUP_BYTES = 8 * 1024 * 1024;

export type Wake = (streams: ReadonlySet<string>) => void;

interface Waiting {
  readonly request: WriteRequest;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** The one log of a node: a single writer that commits waiting appends in groups, and pages for readers. */
export class Log {
  readonly #store: Store;
  readonly #wakes = new Set<Wake>();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #nextPosition: bigint;
  #head: bigint;
  #failure: Error | undefined;

  private constructor(store: Store) {
    this.#store = store;
    this.#nextPosition = store.nextPosition();
    this.#head = this.#nextPosition - 1n;
  }

  /** Starts on a store. A new store gets one system event, so that position 0 is never a user's event. */
  static async start(store: Store): Promise<Log> {
    const log = new Log(store);
    if (log.#nextPosition === 0n) {
      const event = ownEvent('$NodeStarted', Buffer.from('{}'));
      await log.append({ stream: '$node', expected: NO_STREAM, events: [event] });
    }
    return log;
  }

  /** No durable event has a greater position. */
  get head(): bigint {
    return this.#head;
  }

  /** The position that the next event will have. */
  get nextPosition(): bigint {
    return this.#head + 1n;
  }

  /** Resolves when the outcome is final: for a success, when it is durable. */
  append(request: WriteRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** A stream and its last durable event. */
  stream(name: string): StreamHead | undefined {
    const head = this.#store.head(name);
    if (!head || head.number > this.#head) return undefined;
    const place = this.#store.place(head.number, head.revision);
    if (place && place.position <= this.#head) return head;
    // The store has later events that are not durable yet.
    const last = this.readStream(head.number, head.revision, true, 1)[0];
    return last && { number: head.number, revision: last.at };
  }

  readLog(from: bigint, backwards: boolean, limit: number): Found[] {
    return this.#store.readLog({ from, backwards, limit, head: this.#head });
  }

  readStream(streamNumber: bigint, from: bigint, backwards: boolean, limit: number): Found[] {
    return this.#store.readStream(streamNumber, { from, backwards, limit, head: this.#head });
  }

  /** Calls back after every group commit with the streams it touched; returns how to stop that. */
  onAppended(wake: Wake): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  /** Finishes the appends that are waiting, then closes the store. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#store.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Lets the other requests of this turn of the event loop join the group.
      await new Promise(setImmediate);
      const turn = this.#nextGroup();
      try {
        await this.#commit(turn);
      } catch (cause) {
        // What reached the disk is unknown, so nothing more may be decided on top of it until a restart.
        this.#failure ??= new Error('the event log cannot be written', { cause });
        for (const { reject } of turn) reject(this.#failure);
      }
    }
    this.#writing = undefined;
  }

  #nextGroup(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < GROUP_APPENDS && bytes < GROUP_BYTES && count < this.#waiting.length; count++) {
      const request = this.#waiting[count]?.request;
      if (!request || 'remove' in request) continue;
      for (const event of request.events) bytes += event.data.length + event.metadata.length;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(turn: readonly Waiting[]): Promise<void> {
    if (this.#failure) throw this.#failure;
    const group = new PendingGroup(this.#store, this.#nextPosition);
    const now = Date.now();
    const outcomes = turn.map(({ request }) => group.write(request, now));
    if (group.events.length > 0) {
      await this.#store.write(group);
      this.#nextPosition = group.nextPosition;
      this.#head = group.nextPosition - 1n;
    }
    for (const [index, outcome] of outcomes.entries()) turn[index]?.resolve(outcome);
    if (group.events.length > 0) for (const wake of this.#wakes) wake(group.streams);
  }
}
