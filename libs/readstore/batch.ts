import { CompiledQuery } from 'kysely';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { advanced, type Checkpoint, moveCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { projected } from './projected-event.js';
import type { BatchHandler, ProjectedEvent, Projection } from './projection.js';
import { WriteBuffer } from './write-buffer.js';

export interface ReadModels {
  readonly db: Database;
  readonly schema: string;
  readonly projections: readonly Projection[];
  readonly personalData: PersonalData;
}

/** A projection's own code threw: the event is never skipped. */
export class HandlerFailed extends Error {
  override readonly name = 'HandlerFailed';
  constructor(
    projection: string,
    readonly event: StoredEvent,
    cause: unknown,
  ) {
    super(`projection ${projection} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Applies events that follow the checkpoint, in one transaction with moving it. Answers the new checkpoint, or
 * undefined when another projector has moved it meanwhile; then nothing was written.
 */
export async function commitBatch(
  { db, schema, projections, personalData }: ReadModels,
  from: Checkpoint,
  stored: readonly StoredEvent[],
): Promise<Checkpoint | undefined> {
  const opened = await personalData.open(stored);
  const to = advanced(from, stored);
  const moved = await db.transaction().execute(async (tx) => {
    if (!(await moveCheckpoint(tx, schema, from, to))) return false;
    const events = decoded(opened);
    const buffer = new WriteBuffer();
    for (const projection of projections) {
      const handler = await begin(projection, events, tx, schema);
      handle(projection.name, handler, events, buffer);
    }
    for (const { sql, rows } of buffer.statements(schema)) await tx.executeQuery(CompiledQuery.raw(sql, [rows]));
    return true;
  });
  return moved ? to : undefined;
}

function decoded(stored: readonly StoredEvent[]): ProjectedEvent[] {
  return stored.flatMap((event) => {
    try {
      return projected(event) ?? [];
    } catch (cause) {
      throw new HandlerFailed('decoding', event, cause);
    }
  });
}

/** Loading fails with Postgres and may be tried again; a defect would only repeat itself. */
async function begin(projection: Projection, events: readonly ProjectedEvent[], tx: Database, schema: string) {
  try {
    return await projection.begin(events, tx, schema);
  } catch (cause) {
    const [first] = events;
    if (first === undefined || !(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new HandlerFailed(projection.name, first, cause);
  }
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
