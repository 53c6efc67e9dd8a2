import {
  type AppendOutcome,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import type { Metrics } from './metrics.js';
import type { Tracing } from './tracing.js';

/** An event store whose appends are measured and traced. */
export class ObservedEventStore extends EventStore {
  constructor(
    private readonly store: EventStore,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
  ) {
    super();
  }

  override append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<AppendOutcome> {
    if (!this.tracing.on) return this.measured(stream, expected, events);
    const attributes = { 'db.system.name': 'eventstoredb', 'db.operation.batch.size': events.length };
    return this.tracing.span('append', 'client', attributes, () => this.measured(stream, expected, events));
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

  private async measured(
    stream: string,
    expected: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<AppendOutcome> {
    const began = performance.now();
    let outcome = 'failed';
    try {
      const result = await this.store.append(stream, expected, events);
      outcome = result.appended ? 'appended' : 'conflict';
      if (!result.appended) this.metrics.conflicts.inc();
      return result;
    } finally {
      this.metrics.appendSeconds.observe({ outcome }, (performance.now() - began) / 1000);
    }
  }
}
