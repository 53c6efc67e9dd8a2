import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { advanced, type Checkpoint, moveCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { HandlerFailed, isDefect, isRefused } from './handler-failed.js';
import { type Poison, park } from './parked-streams.js';
import { type OpenedEvent, opened, projected } from './projected-event.js';
import type { BatchHandler, ProjectedEvent, Projection } from './projection.js';
import { run } from './sql.js';
import type { Statement } from './bulk-sql.js';
import { WriteBuffer } from './write-buffer.js';

export interface ReadModels {
  readonly db: Database;
  readonly schema: string;
  readonly projections: readonly Projection[];
  readonly personalData: PersonalData;
  /** Rows of append-only tables are copied in: for a rebuild. */
  readonly copy?: boolean;
  /** Events that are to be in the rows; all unless given. The checkpoint passes the others. */
  readonly wanted?: (event: StoredEvent) => boolean;
  /** Told of every transaction that was committed; times in milliseconds since the epoch. */
  readonly observe?: ((events: readonly StoredEvent[], beganAt: number, endedAt: number) => void) | undefined;
}

/**
 * Applies events that follow the checkpoint, in one transaction with moving it; those of parked streams, and of the ones
 * parked here, are left to a replay. Answers the new checkpoint, or undefined when another projector has moved it, or
 * a replay has changed what is parked; then nothing was written. Throws HandlerFailed.
 */
export async function commitBatch(
  models: ReadModels,
  from: Checkpoint,
  stored: readonly StoredEvent[],
  poisons: readonly Poison[] = [],
): Promise<Checkpoint | undefined> {
  const parked = new Map([...from.parked, ...poisons.map(({ stream, revision }) => [stream, revision] as const)]);
  const events = await opened(
    models.personalData,
    stored.filter((event) => !parked.has(event.stream) && models.wanted?.(event) !== false),
  );
  const to = { ...advanced(from, stored), parked };
  const beganAt = performance.timeOrigin + performance.now();
  const moved = await models.db.transaction().execute(async (tx) => {
    if (!(await moveCheckpoint(tx, models.schema, from, to))) return false;
    for (const poison of poisons) await park(tx, models.schema, poison);
    await applyEvents(tx, models, events);
    return true;
  });
  if (!moved) return undefined;
  models.observe?.(stored, beganAt, performance.timeOrigin + performance.now());
  return to;
}

/** Writes what every projection makes of the events. Throws HandlerFailed. */
export async function applyEvents(
  tx: Database,
  { schema, projections, copy }: ReadModels,
  given: readonly OpenedEvent[],
): Promise<void> {
  const events = decoded(given);
  const [first] = events;
  if (first === undefined) return;
  for (const projection of projections) {
    const buffer = new WriteBuffer();
    try {
      const handler = await projection.begin(events, tx, schema);
      handle(projection.name, handler, events, buffer);
      await flush(tx, buffer.statements(schema, copy));
    } catch (cause) {
      // Which event is at fault is not told here, but a batch of one command does.
      throw isRefused(cause) || isDefect(cause) ? new HandlerFailed(projection.name, first, cause) : cause;
    }
  }
}

/** A defect of the driver, as on a lost connection, is none of the rows. */
async function flush(tx: Database, statements: readonly Statement[]): Promise<void> {
  for (const { sql, rows } of statements) {
    try {
      await run(tx, sql, [rows]);
    } catch (error) {
      throw isDefect(error) ? new Error('writing rows failed', { cause: error }) : error;
    }
  }
}

function decoded(given: readonly OpenedEvent[]): ProjectedEvent[] {
  return given.flatMap((event) => {
    try {
      return projected(event) ?? [];
    } catch (cause) {
      throw new HandlerFailed('decoding', event, cause);
    }
  });
}

function handle(name: string, handler: BatchHandler, events: readonly ProjectedEvent[], buffer: WriteBuffer): void {
  let current: ProjectedEvent | undefined;
  try {
    for (const event of events) {
      current = event;
      handler.each(event, buffer);
    }
    handler.end?.(buffer);
  } catch (cause) {
    if (current === undefined) throw cause;
    throw new HandlerFailed(name, current, cause);
  }
}
