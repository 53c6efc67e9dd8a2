import {
  comparePositions,
  type EventStore,
  type Position,
  positionText,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import type { ReadModels } from './batch.js';
import { type Checkpoint, LogDiverged, verifyWitness } from './checkpoints.js';
import { Backoff, failureOf } from './failures.js';
import { Feed } from './feed.js';
import { projectInParts } from './parts.js';
import { knownPrefix, wholeCommands } from './projected-event.js';

const FAILURES_IN_A_ROW = 8;

export interface BuildProgress {
  /** Applied by this run. */
  readonly events: number;
  /** Of the way to the position aimed at, from where this run began: up to 1. */
  readonly share: number;
}

export interface BuildOptions {
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BuildProgress) => void;
}

/** Fills a schema that nobody else writes, up to chosen positions. */
export class Build {
  events = 0;
  private readonly from: bigint;

  constructor(
    private readonly models: ReadModels,
    private readonly store: EventStore,
    private readonly options: BuildOptions,
    public checkpoint: Checkpoint,
  ) {
    this.from = checkpoint.position?.commit ?? 0n;
  }

  get schema(): string {
    return this.models.schema;
  }

  /**
   * Up to exactly this position, which must be the end of a command; nothing where it is behind already. Throws the signal's
   * reason once that aborts; what was applied by then stays.
   */
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
        this.options.signal.throwIfAborted();
        if (this.events > before) backoff.succeeded();
        failures = this.events > before ? 1 : failures + 1;
        if (failureOf(error) !== 'retry' || failures >= FAILURES_IN_A_ROW) throw error;
        await backoff.wait(this.options.signal);
      }
    }
  }

  /** Up to where rows of the same log came. False, and nothing done, where they were built from another log. */
  async toLevelOf(checkpoint: Checkpoint): Promise<boolean> {
    try {
      await verifyWitness(this.store, checkpoint);
    } catch (error) {
      if (error instanceof LogDiverged) return false;
      throw error;
    }
    await this.to(checkpoint.position);
    return true;
  }

  private async follow(target: Position): Promise<void> {
    const { batchSize, signal, onProgress } = this.options;
    const feed = new Feed((ended) => this.store.follow(this.checkpoint.position, ended), 2 * batchSize);
    try {
      while (this.isBefore(target)) {
        signal.throwIfAborted();
        const taken = await feed.take(batchSize);
        if (taken === undefined) return;
        await this.apply(taken.filter(({ position }) => comparePositions(position, target) <= 0));
        onProgress({ events: this.events, share: this.shareOf(target) });
      }
    } finally {
      await feed.close();
    }
  }

  private async apply(events: readonly StoredEvent[]): Promise<void> {
    const { known, unknown } = knownPrefix(events);
    const whole = events.slice(0, wholeCommands(events.slice(0, known), known));
    const next = await projectInParts(this.models, this.checkpoint, whole, (reached) => {
      this.checkpoint = reached;
    });
    if (next === undefined) throw new Error(`another rebuild writes ${this.schema}`);
    this.events += whole.length;
    if (unknown !== undefined) throw unknown;
  }

  private isBefore(target: Position): boolean {
    const { position } = this.checkpoint;
    return position === undefined || comparePositions(position, target) < 0;
  }

  /** EventStoreDB counts positions in bytes. */
  private shareOf(target: Position): number {
    const done = (this.checkpoint.position?.commit ?? this.from) - this.from;
    return target.commit > this.from ? Number(done) / Number(target.commit - this.from) : 1;
  }
}
