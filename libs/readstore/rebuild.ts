import { type EventStore, type Position, positionText } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { Build } from './build.js';
import { checkpoints, readCheckpoint } from './checkpoints.js';
import { compareSchemas, type SchemaDifference } from './compare-schemas.js';
import type { Database } from './database.js';
import type { Projection } from './projection.js';
import { createReadSchema, lockSchemas, readSchemaState, run } from './read-schema.js';
import { qualified, readSchema } from './table.js';

export interface RebuildOptions {
  readonly db: Database;
  readonly store: EventStore;
  readonly personalData: PersonalData;
  readonly projections: readonly Projection[];
  readonly log?: (line: string) => void;
  readonly schema?: string;
  readonly batchSize?: number;
  /** Puts the new tables in the place of the live ones: also the way to start a changed projection. */
  readonly swap?: boolean;
}

export interface RebuildReport {
  readonly events: number;
  /** Where both were compared, or up to where the new tables were built. */
  readonly position: string | undefined;
  /** Undefined where there was nothing to compare with: no live tables, or other projections' ones. */
  readonly differences: readonly SchemaDifference[] | undefined;
  readonly swapped: boolean;
}

/** Builds every read model from the start of the log beside the live ones, and compares the two at one position. */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  const { db, store, personalData, projections, schema: live = readSchema, log = () => {} } = options;
  const schema = `${live}_rebuild`;
  await db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    await createReadSchema(tx, projections, schema);
  });
  const checkpoint = await readCheckpoint(db, schema);
  const build = new Build({ db, schema, projections, personalData }, store, options.batchSize ?? 5_000, checkpoint);
  const state = await readSchemaState(db, projections, live);
  const startedAt = performance.now();
  await build.to(state === 'absent' ? await store.head() : await livePosition(db, live));
  log(`read ${build.events} events in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  const differences = state === 'current' ? await compareAtOnePosition(db, build, live, projections) : undefined;
  for (const { table, count } of differences ?? []) log(`${table}: ${count} rows differ`);
  const { position } = build.checkpoint;
  if (options.swap) await swapIn(db, build, live, state !== 'absent');
  return {
    events: build.events,
    position: position && positionText(position),
    differences,
    swapped: options.swap === true,
  };
}

const livePosition = async (db: Database, schema: string): Promise<Position | undefined> =>
  (await readCheckpoint(db, schema)).position;

/** The projector waits only until the new tables have caught up and the comparison has its snapshot, not while it compares. */
async function compareAtOnePosition(db: Database, build: Build, live: string, projections: readonly Projection[]) {
  const snapshot = await db
    .startTransaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute();
  try {
    await db.transaction().execute(async (tx) => {
      await run(tx, `select 1 from ${qualified(live, checkpoints.name)} for update`);
      await build.to(await livePosition(tx, live));
      // The first query takes the snapshot that the later ones see.
      await run(snapshot, 'select 1');
    });
    return await compareSchemas(snapshot, live, build.schema, projections);
  } finally {
    await snapshot.rollback().execute();
  }
}

/** Readers and the projector name the schema, so they meet the new tables with their next statement. */
async function swapIn(db: Database, build: Build, live: string, replaces: boolean): Promise<void> {
  const former = `${live}_former`;
  await run(db, `drop schema if exists "${former}" cascade`);
  if (replaces) await build.to(await livePosition(db, live));
  await db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    if (replaces) {
      await run(tx, `lock table ${qualified(live, checkpoints.name)} in access exclusive mode`);
      const { position, epoch } = await readCheckpoint(tx, live);
      await build.to(position);
      await run(tx, `alter schema "${live}" rename to "${former}"`);
      await run(tx, `update ${qualified(build.schema, checkpoints.name)} set epoch = $1`, [(epoch + 1n).toString()]);
    }
    await run(tx, `alter schema "${build.schema}" rename to "${live}"`);
  });
  // Apart, because it waits for readers that must not wait for it.
  await run(db, `drop schema if exists "${former}" cascade`);
}
