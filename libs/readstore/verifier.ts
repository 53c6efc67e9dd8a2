import type { EventStore } from '#libs/application/ports/event-store.js';
import type { ReadModels } from './batch.js';
import { pause } from './failures.js';
import { randomStreams } from './random-streams.js';
import { readSchema } from './table.js';
import { type DamagedRow, type Verification, verifyStream } from './verify-stream.js';

export interface VerifierOptions extends Omit<ReadModels, 'schema'> {
  readonly store: EventStore;
  readonly schema?: string;
  /** Between rounds. */
  readonly everyMs?: number;
  readonly streamsPerRound?: number;
  /** Longer streams are skipped, and counted. */
  readonly maxEvents?: number;
  /** Told of each damaged row once. */
  readonly onDamaged?: (row: DamagedRow) => void;
}

export interface VerifierStatus {
  readonly rounds: number;
  /** Streams compared so far, and the events folded for that. */
  readonly streams: number;
  readonly events: number;
  /** Parked or too long. */
  readonly skipped: number;
  /** Found and not yet mended; at most ten of a table and stream. */
  readonly damaged: readonly DamagedRow[];
  /** Why the last round broke off, where it did. */
  readonly error?: string;
}

const MINUTE_MS = 60_000;
const STREAMS_KEPT = 100;

/**
 * Refolds a few random streams in each round and compares rows, without the stored rows having any part in it. What is
 * found stands in the status until the stream compares equal again: after `tenantry rebuild`. One that only differs
 * once – personal data erased in between – is not damage.
 */
export class Verifier {
  private readonly models: ReadModels;
  private readonly damaged = new Map<string, readonly DamagedRow[]>();
  private readonly seen = { rounds: 0, streams: 0, events: 0, skipped: 0 };
  private error: string | undefined;
  private abort = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: VerifierOptions) {
    const { db, projections, personalData, schema = readSchema } = options;
    this.models = { db, projections, personalData, schema };
  }

  start(): void {
    if (this.running !== undefined) return;
    this.abort = new AbortController();
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    this.running = undefined;
  }

  status(): VerifierStatus {
    const damaged = [...this.damaged.values()].flat();
    return { ...this.seen, damaged, ...(this.error !== undefined && { error: this.error }) };
  }

  /** Looks again at the streams known to be damaged, then at random ones. */
  async round(): Promise<void> {
    const { db, schema, projections } = this.models;
    const tables = projections.flatMap((projection) => projection.tables);
    const streams = new Set(this.damaged.keys());
    for (const stream of await randomStreams(db, schema, tables, this.options.streamsPerRound ?? 3))
      streams.add(stream);
    for (const stream of streams) {
      if (this.abort.signal.aborted) return;
      await this.look(stream);
    }
    this.seen.rounds += 1;
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    const everyMs = this.options.everyMs ?? MINUTE_MS;
    // Processes that start together do not look together.
    await pause(everyMs * Math.random(), signal);
    while (!signal.aborted) {
      try {
        await this.round();
        this.error = undefined;
      } catch (error) {
        this.error = error instanceof Error ? error.message : String(error);
      }
      await pause(everyMs, signal);
    }
  }

  private async look(stream: string): Promise<void> {
    const first = await this.verify(stream);
    if (first.skipped !== undefined) {
      this.seen.skipped += 1;
      return;
    }
    this.seen.streams += 1;
    this.seen.events += first.events;
    const second = first.damaged.length === 0 ? first : await this.verify(stream);
    const twice = second.skipped === undefined ? second.damaged.filter((row) => holds(first.damaged, row)) : [];
    const before = this.damaged.get(stream) ?? [];
    if (twice.length === 0) this.damaged.delete(stream);
    else if (this.damaged.size < STREAMS_KEPT || before.length > 0) this.damaged.set(stream, twice);
    for (const row of twice) if (!holds(before, row)) this.options.onDamaged?.(row);
  }

  private verify(stream: string): Promise<Verification> {
    const { store, maxEvents = 50_000 } = this.options;
    return verifyStream({ models: this.models, store, maxEvents, signal: this.abort.signal }, stream);
  }
}

const holds = (rows: readonly DamagedRow[], { table, key }: DamagedRow) =>
  rows.some((row) => row.table === table && JSON.stringify(row.key) === JSON.stringify(key));
