import {
  comparePositions,
  type EventStore,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { applyEvents, type ReadModels } from './batch.js';
import { boundTransaction, type Checkpoint, lockCheckpoint, raiseEpoch, readCheckpoint } from './checkpoints.js';
import { type Backoff, pause } from './failures.js';
import { HandlerFailed } from './handler-failed.js';
import { explainParked, moveParked, unpark } from './parked-streams.js';
import { inParts } from './parts.js';
import { isBoundary, type Knows, knownPrefix, opened } from './projected-event.js';

export interface ParkedReplayOptions {
  readonly models: ReadModels;
  readonly store: EventStore;
  readonly knows: Knows;
  /** Events per transaction. */
  readonly batchSize: number;
  readonly backoff: Backoff;
  readonly onUnparked: (stream: string) => void;
}

/**
 * Tries parked streams again, from where each stopped up to the checkpoint, in transactions of bounded size that leave the
 * others' batches alone; only the last one, which brings the stream in line, holds the checkpoint. Each is a
 * compare-and-set on the stream's revision, so that two projectors do no harm.
 */
export class ParkedReplay {
  private due = 0;

  constructor(private readonly options: ParkedReplayOptions) {}

  /** The next pass comes at once. */
  hurry(): void {
    this.due = 0;
    this.options.backoff.succeeded();
  }

  /** Passes with growing pauses, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { backoff } = this.options;
    for (;;) {
      await pause(Math.max(0, this.due - performance.now()), signal);
      if (signal.aborted) return;
      // Postgres or the log being away is the projector's own to tell.
      if (await this.pass(signal).catch(() => false)) backoff.succeeded();
      this.due = performance.now() + backoff.next();
    }
  }

  /** Whether any stream came to its end. */
  private async pass(signal: AbortSignal): Promise<boolean> {
    const { models } = this.options;
    let unparked = false;
    for (const stream of (await readCheckpoint(models.db, models.schema)).parked.keys())
      if (!signal.aborted && (await this.replay(stream, signal))) unparked = true;
    return unparked;
  }

  private async replay(stream: string, signal: AbortSignal): Promise<boolean> {
    const { models, knows, batchSize, onUnparked } = this.options;
    // One that comes to nothing never holds the checkpoint; one that came this far must not chase new events for ever.
    let close = false;
    while (!signal.aborted) {
      const checkpoint = await readCheckpoint(models.db, models.schema);
      const from = checkpoint.parked.get(stream);
      if (from === undefined) return false;
      const events = await this.rest(stream, from, checkpoint.position);
      // A newer build has passed it: the replay is that one's.
      if (knownPrefix(events, knows).unknown !== undefined) return false;
      if (events.length === 0 || (close && events.length < batchSize)) {
        close = await this.release(stream, from);
        if (!close) continue;
        onUnparked(stream);
        return true;
      }
      close = await this.advance(checkpoint, stream, events);
      if (!close) return false;
    }
    return false;
  }

  /** False where it meets the poison again, or another replay. */
  private advance({ epoch }: Checkpoint, stream: string, events: readonly StoredEvent[]): Promise<boolean> {
    const { models } = this.options;
    const apply = async (part: readonly StoredEvent[]) => {
      const events = await opened(models.personalData, part);
      return models.db.transaction().execute(async (tx) => {
        await boundTransaction(tx);
        if (!(await moveParked(tx, models.schema, stream, revisionsOf(part), epoch))) return false;
        await applyEvents(tx, models, events);
        return true;
      });
    };
    return inParts(events, apply, async (failure, command) => {
      await explainParked(models.db, models.schema, { stream, revision: revisionsOf(command).from, failure });
      return false;
    });
  }

  /** Applies what came since, and unparks. False where that is more than one part, or others were faster. */
  private async release(stream: string, from: bigint): Promise<boolean> {
    const { models, knows, batchSize } = this.options;
    try {
      return await models.db.transaction().execute(async (tx) => {
        const { position } = await lockCheckpoint(tx, models.schema);
        if (!(await unpark(tx, models.schema, stream, from))) return false;
        const events = await this.rest(stream, from, position);
        if (events.length >= batchSize || knownPrefix(events, knows).unknown !== undefined) throw new NotYet();
        await applyEvents(tx, models, await opened(models.personalData, events));
        await raiseEpoch(tx, models.schema);
        return true;
      });
    } catch (error) {
      if (error instanceof NotYet || error instanceof HandlerFailed) return false;
      throw error;
    }
  }

  /** Whole commands from a revision on, about one part of them, none beyond the checkpoint. */
  private async rest(stream: string, from: bigint, upTo: Position | undefined): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for await (const page of this.options.store.read(stream, from))
      for (const event of page) {
        if (upTo === undefined || comparePositions(event.position, upTo) > 0) return events;
        events.push(event);
        if (events.length >= this.options.batchSize && isBoundary(event)) return events;
      }
    return events;
  }
}

/** Rolls back. */
class NotYet extends Error {}

function revisionsOf(events: readonly StoredEvent[]): { from: bigint; to: bigint } {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) throw new Error('no events');
  return { from: first.revision, to: last.revision + 1n };
}
