import {
  type AppendOutcome,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import type { Process } from './process.js';
import { isBeyond, type Reached } from './reached.js';

export interface CrashingStoreOptions {
  readonly process: Process;
  /** What the points are named after. */
  readonly part: string;
  readonly end: Reached;
  /** Whether following the log is what the process does beside its tasks. */
  readonly background: () => boolean;
}

/** The real store as one process sees it: each await is a crash point, and following the log comes in turns. */
export class CrashingStore extends EventStore {
  constructor(
    private readonly store: EventStore,
    private readonly options: CrashingStoreOptions,
  ) {
    super();
  }

  override append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<AppendOutcome> {
    return this.call(`append ${categoryOf(stream)}`, async () => {
      const outcome = await this.store.append(stream, expected, events);
      if (outcome.appended) this.options.end.moved(outcome.position);
      return outcome;
    });
  }

  override async *read(stream: string, from: bigint, count?: number): AsyncIterable<readonly StoredEvent[]> {
    // To its end in one call: these streams are shorter than a page.
    yield* await this.call(`read ${categoryOf(stream)}`, async () => {
      const pages: (readonly StoredEvent[])[] = [];
      for await (const page of this.store.read(stream, from, count)) pages.push(page);
      return pages;
    });
  }

  override last(stream: string): Promise<StoredEvent | undefined> {
    return this.call(`last ${categoryOf(stream)}`, () => this.store.last(stream));
  }

  override head(): Promise<Position | undefined> {
    return this.call('head', () => this.store.head());
  }

  override at(position: Position): Promise<StoredEvent | undefined> {
    return this.call('at', () => this.store.at(position));
  }

  override follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]> {
    const { process, part, end, background } = this.options;
    const tail = new Tail(this.store, after, end, () => process.changed());
    process.onDeath(() => tail.close());
    signal.addEventListener('abort', () => tail.close());
    const next = async (): Promise<IteratorResult<readonly StoredEvent[]>> => {
      const page = await process.call(`${part}: follow`, () => tail.take(), {
        background,
        ready: () => tail.ready(),
        signal,
      });
      return page === undefined ? { done: true, value: undefined } : { done: false, value: page };
    };
    const leave = async (): Promise<IteratorResult<readonly StoredEvent[]>> => {
      tail.close();
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
  }

  private call<T>(name: string, effect: () => Promise<T>): Promise<T> {
    return this.options.process.call(`${this.options.part}: ${name}`, effect);
  }
}

/** A real subscription whose events are handed out as far as the log reached when asked: the same pages in every replay. */
class Tail {
  private readonly waiting: StoredEvent[] = [];
  private readonly abort = new AbortController();
  private given: Position | undefined;
  private failure: { readonly error: unknown } | undefined;
  private opened = false;
  private arrived = () => {};

  constructor(
    private readonly store: EventStore,
    private readonly after: Position | undefined,
    private readonly end: Reached,
    private readonly wake: () => void,
  ) {
    this.given = after;
  }

  ready(): boolean {
    const more = this.end.position !== undefined && isBeyond(this.end.position, this.given);
    return more || this.waiting.length > 0 || this.failure !== undefined;
  }

  async take(): Promise<readonly StoredEvent[]> {
    if (!this.opened) void this.pump();
    this.opened = true;
    // Of an append that was never answered only the subscription tells that the log has reached it.
    const [first] = this.waiting;
    if (first !== undefined) this.end.moved(first.position);
    const upTo = this.end.position;
    while (this.failure === undefined && upTo !== undefined && isBeyond(upTo, this.received()))
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    const count = this.waiting.findLastIndex(({ position }) => upTo === undefined || !isBeyond(position, upTo)) + 1;
    const page = this.waiting.splice(0, count);
    if (page.length === 0 && this.failure !== undefined) throw this.failure.error;
    this.given = page.at(-1)?.position ?? this.given;
    return page;
  }

  close(): void {
    this.abort.abort();
    this.arrived();
  }

  private received(): Position | undefined {
    return this.waiting.at(-1)?.position ?? this.given;
  }

  private async pump(): Promise<void> {
    try {
      for await (const page of this.store.follow(this.after, this.abort.signal)) {
        this.waiting.push(...page);
        this.arrived();
        this.wake();
      }
      this.failure = { error: new Error('the subscription ended') };
    } catch (error) {
      this.failure = { error };
    }
    this.arrived();
    this.wake();
  }
}

const categoryOf = (stream: string) => parseStream(stream).category;
