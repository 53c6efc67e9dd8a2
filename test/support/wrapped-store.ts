import {
  type AppendOutcome,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';

type Append = () => Promise<AppendOutcome>;

/** The real store behind a network that a test rules: each append goes through `around`, which may delay or lose it. */
export class WrappedStore extends EventStore {
  constructor(
    private readonly store: EventStore,
    private readonly around: (
      append: Append,
      stream: string,
      events: readonly EventToAppend[],
    ) => Promise<AppendOutcome>,
  ) {
    super();
  }

  override append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<AppendOutcome> {
    return this.around(() => this.store.append(stream, expected, events), stream, events);
  }
  override read(stream: string, from: bigint, count?: number): AsyncIterable<readonly StoredEvent[]> {
    return this.store.read(stream, from, count);
  }
  override last(stream: string): Promise<StoredEvent | undefined> {
    return this.store.last(stream);
  }
  override head(): Promise<Position | undefined> {
    return this.store.head();
  }
  override follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]> {
    return this.store.follow(after, signal);
  }
  override at(position: Position): Promise<StoredEvent | undefined> {
    return this.store.at(position);
  }
}
