import {
  type AppendOutcome,
  comparePositions,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';

/** The log in memory, with the faults that a real one shows: a follow that breaks, a tail that vanishes. */
export class MemoryEventStore extends EventStore {
  readonly log: StoredEvent[] = [];
  /** Each follow breaks after this many events. */
  breakEvery = Number.POSITIVE_INFINITY;
  pageSize = 100;
  follows = 0;
  private readonly streams = new Map<string, StoredEvent[]>();
  private readonly wakes = new Set<() => void>();

  override async append(
    stream: string,
    expectedRevision: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<AppendOutcome> {
    const present = this.streams.get(stream) ?? [];
    if (expectedRevision !== 'any' && BigInt(present.length) - 1n !== expectedRevision)
      return { appended: false, conflict: true };
    this.streams.set(stream, present);
    for (const event of events) {
      const place = BigInt(this.log.length + 1) * 100n;
      const revision = BigInt(present.length);
      // Through JSON, as a real store gives it back.
      const { data, metadata } = JSON.parse(JSON.stringify({ data: event.data, metadata: event.metadata }));
      const stored = { ...event, data, metadata, stream, revision, position: { commit: place, prepare: place } };
      present.push(stored);
      this.log.push(stored);
    }
    for (const wake of this.wakes) wake();
    const last = this.log.at(-1);
    return {
      appended: true,
      revision: BigInt(present.length) - 1n,
      position: last?.position ?? { commit: 0n, prepare: 0n },
    };
  }

  override async *read(stream: string, fromRevision: bigint): AsyncIterable<readonly StoredEvent[]> {
    const events = this.streams.get(stream)?.slice(Number(fromRevision)) ?? [];
    for (let from = 0; from < events.length; from += this.pageSize) yield events.slice(from, from + this.pageSize);
  }

  override async last(stream: string): Promise<StoredEvent | undefined> {
    return this.streams.get(stream)?.at(-1);
  }

  override async head(): Promise<Position | undefined> {
    return this.log.at(-1)?.position;
  }

  override async *follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]> {
    this.follows += 1;
    let left = this.breakEvery;
    let next = after === undefined ? 0 : this.log.findIndex(({ position }) => comparePositions(position, after) > 0);
    if (next < 0) next = this.log.length;
    while (!signal.aborted) {
      if (left <= 0) throw new Error('the subscription broke');
      const page = this.log.slice(next, next + Math.min(this.pageSize, left));
      next += page.length;
      left -= page.length;
      if (page.length > 0) yield page;
      else await this.change(signal);
    }
  }

  override async at(position: Position): Promise<StoredEvent | undefined> {
    return this.log.find((event) => comparePositions(event.position, position) === 0);
  }

  /** As after restoring an older backup. */
  truncate(length: number): void {
    this.log.length = length;
    for (const [stream, events] of this.streams) {
      this.streams.set(
        stream,
        events.filter((event) => this.log.includes(event)),
      );
    }
  }

  private async change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.wakes.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.wakes.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
