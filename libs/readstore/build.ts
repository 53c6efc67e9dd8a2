import {
  comparePositions,
  type EventStore,
  type Position,
  positionText,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { commitBatch, type ReadModels } from './batch.js';
import { type Checkpoint, LogDiverged } from './checkpoints.js';
import { Backoff, failureOf } from './failures.js';
import { Feed } from './feed.js';
import { knownPrefix, wholeCommands } from './projected-event.js';

const FAILURES_IN_A_ROW = 8;

/** Fills a schema that nobody else writes, up to chosen positions. */
export class Build {
  events = 0;

  constructor(
    private readonly models: ReadModels,
    private readonly store: EventStore,
    private readonly batchSize: number,
    public checkpoint: Checkpoint,
  ) {}

  get schema(): string {
    return this.models.schema;
  }

  /** Up to exactly this position, which must be the end of a command; nothing where it is behind already. */
  async to(target: Position | undefined): Promise<void> {
    if (target === undefined) return;
    const head = await this.store.head();
    if (head === undefined || comparePositions(head, target) < 0)
      throw new LogDiverged(`the log ends before ${positionText(target)}`);
    const backoff = new Backoff(100, 5_000);
    for (let failures = 0; this.isBefore(target); ) {
      const before = this.events;
      try {
        await this.follow(target);
      } catch (error) {
        failures = this.events > before ? 1 : failures + 1;
        if (failureOf(error) !== 'retry' || failures >= FAILURES_IN_A_ROW) throw error;
        await backoff.wait(new AbortController().signal);
      }
    }
  }

  private async follow(target: Position): Promise<void> {
    const feed = new Feed((signal) => this.store.follow(this.checkpoint.position, signal), 2 * this.batchSize);
    try {
      while (this.isBefore(target)) {
        const taken = await feed.take(this.batchSize);
        if (taken === undefined) return;
        await this.apply(taken.filter(({ position }) => comparePositions(position, target) <= 0));
      }
    } finally {
      await feed.close();
    }
  }

  private async apply(events: readonly StoredEvent[]): Promise<void> {
    const { known, unknown } = knownPrefix(events);
    const whole = events.slice(0, wholeCommands(events.slice(0, known), known));
    const next = whole.length === 0 ? this.checkpoint : await commitBatch(this.models, this.checkpoint, whole);
    if (next === undefined) throw new Error(`another rebuild writes ${this.schema}`);
    this.checkpoint = next;
    this.events += whole.length;
    if (unknown !== undefined) throw unknown;
  }

  private isBefore(target: Position): boolean {
    const { position } = this.checkpoint;
    return position === undefined || comparePositions(position, target) < 0;
  }
}
