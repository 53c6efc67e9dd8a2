import {
  type AllStreamResolvedEvent,
  ANY,
  BACKWARDS,
  END,
  EventStoreDBClient,
  excludeSystemEvents,
  FORWARDS,
  jsonEvent,
  NO_STREAM,
  type ResolvedEvent,
  START,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import {
  type AppendOutcome,
  comparePositions,
  EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { follow } from './follow.js';
import { ignoreAnswersToGivenUp } from './given-up-appends.js';
import { Semaphore } from './semaphore.js';
import { toStored } from './stored-event.js';

const PAGE = 1000;
/** More than about 100 first appends at once have hung the client, and bursts exhaust a server. */
const MAX_APPENDS_IN_FLIGHT = 64;
/** The client never gives up on a batched append by itself. */
const APPEND_TIMEOUT_MS = 10_000;

/** The port over the official client; the connection string decides between a cluster and the embedded node. */
export class EsdbEventStore extends EventStore {
  private readonly appends = new Semaphore(MAX_APPENDS_IN_FLIGHT);

  private constructor(private readonly client: EventStoreDBClient) {
    super();
  }

  /** Connects, and opens the append channel once with an append of no events, which writes nothing. */
  static async connect(connectionString: string): Promise<EsdbEventStore> {
    const client = EventStoreDBClient.connectionString(connectionString);
    ignoreAnswersToGivenUp(client);
    const store = new EsdbEventStore(client);
    await store.guarded(client.appendToStream('tenantry-warm-up', [], { expectedRevision: ANY }));
    return store;
  }

  override async append(
    stream: string,
    expectedRevision: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<AppendOutcome> {
    const messages = events.map(({ id, type, data, metadata }) =>
      jsonEvent({ id, type, data: data as Record<string, unknown>, metadata }),
    );
    const expected = expectedRevision === 'any' ? ANY : expectedRevision < 0n ? NO_STREAM : expectedRevision;
    try {
      const result = await this.appends.run(() =>
        this.guarded(this.client.appendToStream(stream, messages, { expectedRevision: expected })),
      );
      if (result.position === undefined) throw new EventStoreUnavailable('the store gave no position for an append');
      return {
        appended: true,
        revision: result.nextExpectedRevision,
        position: { commit: result.position.commit, prepare: result.position.prepare },
      };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) return { appended: false, conflict: true };
      throw error;
    }
  }

  override async *read(
    stream: string,
    fromRevision: bigint,
    count = Number.POSITIVE_INFINITY,
  ): AsyncIterable<readonly StoredEvent[]> {
    let left = count;
    for (let from = fromRevision; left > 0; ) {
      const size = Math.min(PAGE, left);
      const page = await this.page(stream, from, size);
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < size) return;
      left -= page.length;
      from = last.revision + 1n;
    }
  }

  override async last(stream: string): Promise<StoredEvent | undefined> {
    const events = await this.drain(
      this.client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1, requiresLeader: true }),
    );
    return events[0];
  }

  /**
   * A name of this log by a stream's first event: another one for each copy, because a store stamps the time at which it
   * took an event. Positions of one log mean nothing in another. Throws where the stream has no events.
   */
  async nameBy(stream: string): Promise<string> {
    const options = { direction: FORWARDS, fromRevision: START, maxCount: 1, requiresLeader: true } as const;
    let name: string | undefined;
    for await (const { event } of this.client.readStream(stream, options))
      if (event !== undefined) name = `${event.id}@${event.created.getTime()}`;
    if (name === undefined) throw new Error(`the stream ${stream} has no events to name the log by`);
    return name;
  }

  override async head(): Promise<Position | undefined> {
    let from: Position | typeof END = END;
    for (;;) {
      // The last event is a user's own as a rule; after a row of system events, the way back is longer.
      const maxCount = from === END ? 1 : 100;
      const page = await this.drain(this.client.readAll({ direction: BACKWARDS, fromPosition: from, maxCount }));
      const user = page.find(({ type }) => !type.startsWith('$'));
      if (user !== undefined) return user.position;
      const oldest = page.at(-1);
      if (oldest === undefined) return undefined;
      from = oldest.position;
    }
  }

  override async at(position: Position): Promise<StoredEvent | undefined> {
    const options = { direction: FORWARDS, fromPosition: position, maxCount: 1 } as const;
    const [event] = await this.drain(this.client.readAll(options));
    return event !== undefined && comparePositions(event.position, position) === 0 ? event : undefined;
  }

  override follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]> {
    return follow(
      () =>
        this.client.subscribeToAll({
          fromPosition: after ?? START,
          filter: excludeSystemEvents({ checkpointInterval: 100 }),
        }),
      after,
      signal,
    );
  }

  async close(): Promise<void> {
    await this.client.dispose();
  }

  /** Each event once, even from a server that delivers one again. */
  private async page(stream: string, fromRevision: bigint, maxCount: number): Promise<StoredEvent[]> {
    const options = { direction: FORWARDS, fromRevision, maxCount, requiresLeader: true } as const;
    const events = await this.drain(this.client.readStream(stream, options));
    return events.filter(({ revision }, index) => revision > (events[index - 1]?.revision ?? -1n));
  }

  /** Reads to the end: leaving such a loop early leaks the call. */
  private async drain(events: AsyncIterable<ResolvedEvent | AllStreamResolvedEvent>): Promise<StoredEvent[]> {
    const stored: StoredEvent[] = [];
    try {
      for await (const { event } of events) if (event !== undefined) stored.push(toStored(event));
    } catch (error) {
      if (error instanceof StreamNotFoundError) return [];
      throw unavailable(error);
    }
    return stored;
  }

  private async guarded<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new EventStoreUnavailable('the event store did not answer in time')),
        APPEND_TIMEOUT_MS,
      );
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw error instanceof WrongExpectedVersionError ? error : unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

const unavailable = (error: unknown): EventStoreUnavailable =>
  error instanceof EventStoreUnavailable
    ? error
    : new EventStoreUnavailable('the event store could not be reached', { cause: error });
