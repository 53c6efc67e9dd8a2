import { setTimeout as sleep } from 'node:timers/promises';
import type { Build } from './build.js';
import { checkpoints, readCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { dropUnlisted, type Generation, generation, makeLive, showThroughViews } from './generations.js';
import type { Projection } from './projection.js';
import { listParked } from './parked-streams.js';
import { builtBy, builtIn, fingerprint, lockSchemas, ReadSchemaOutdated, tablesOf } from './read-schema.js';
import { run } from './sql.js';
import { qualified } from './table.js';

/**
 * For each lock, and together less than the second after which Postgres looks for deadlocks: where a reader and the switch
 * wait for each other it is the switch that gives way, never the reader.
 */
const LOCK_TIMEOUT_MS = 50;
const BETWEEN_TRIES_MS = 200;
const TRIES_MS = 120_000;

export interface Switch {
  readonly db: Database;
  /** Where the views stand. */
  readonly schema: string;
  /** All of this build's. */
  readonly projections: readonly Projection[];
  readonly signal: AbortSignal;
}

/**
 * Puts a built generation in the place of the live one. Readers meet the former tables or the new ones, all at one position,
 * never a mix within one statement, nor within one transaction that reads the checkpoint first. The projector's next commit
 * fails on the new epoch, and it reads the checkpoint again. Tables that the build does not hold move over as they are.
 */
export async function switchTo(options: Switch, build: Build, next: Generation): Promise<void> {
  const { db, schema, signal } = options;
  const deadline = performance.now() + TRIES_MS;
  for (;;) {
    const live = await generation(db, 'live', schema);
    if (live !== undefined) await build.toLevelOf(await readCheckpoint(db, live.schema));
    try {
      await db.transaction().execute(async (tx) => {
        await lockSchemas(tx);
        await putInPlace(tx, options, build, next);
      });
      break;
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() > deadline) throw error;
    }
    signal.throwIfAborted();
    await sleep(BETWEEN_TRIES_MS);
  }
  // Apart, because it waits for whoever still reads the generation before the former one.
  await db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    await dropUnlisted(tx, schema);
  });
}

async function putInPlace(
  tx: Database,
  { schema, projections }: Switch,
  build: Build,
  next: Generation,
): Promise<void> {
  const live = await generation(tx, 'live', schema);
  const epoch = live === undefined ? 0n : await standStill(tx, schema, live, build);
  await run(tx, `set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
  // The first lock of every switch, and the first that a reader of several statements takes.
  if (live !== undefined) await run(tx, `lock table ${qualified(schema, checkpoints.name)} in access exclusive mode`);
  const built = builtIn((await builtBy(tx, next))?.by ?? '', projections);
  const others = projections.filter((each) => !built.includes(each));
  const namesOf = (of: readonly Projection[]) => tablesOf(of).map(({ name }) => name);
  await showThroughViews(tx, schema, next.schema, namesOf(built), namesOf(others));
  if (live !== undefined && others.length > 0) await moveOver(tx, live, next, others);
  await run(tx, `update ${qualified(next.schema, checkpoints.name)} set epoch = $1, projections = $2`, [
    (epoch + 1n).toString(),
    fingerprint(projections),
  ]);
  await makeLive(tx, schema, next);
}

/** Holds back the projector, not readers, until the transaction ends, and brings the build to the position that it left. */
async function standStill(tx: Database, schema: string, live: Generation, build: Build): Promise<bigint> {
  await run(tx, `lock table ${qualified(schema, checkpoints.name)} in share row exclusive mode`);
  const checkpoint = await readCheckpoint(tx, live.schema);
  await build.toLevelOf(checkpoint);
  return checkpoint.epoch;
}

/** The tables of projections that were not built. Their views follow: they know them by identity, not by name. */
async function moveOver(
  tx: Database,
  live: Generation,
  next: Generation,
  others: readonly Projection[],
): Promise<void> {
  // A parked stream stands still at its own revision in each generation: mixed tables would not be of one moment.
  if ((await listParked(tx, live.schema)).length + (await listParked(tx, next.schema)).length > 0)
    throw new ReadSchemaOutdated('organizations are parked: rebuild all read models, not one');
  const printed = (await builtBy(tx, live))?.by ?? '';
  if (builtIn(printed, others).length < others.length)
    throw new ReadSchemaOutdated(`${live.schema} was built by ${printed}, which does not hold ${fingerprint(others)}`);
  for (const { name } of others.flatMap(({ tables }) => tables))
    await run(tx, `alter table ${qualified(live.schema, name)} set schema "${next.schema}"`);
  const moved = others.map((each) => fingerprint([each]));
  const left = printed.split(' ').filter((each) => !moved.includes(each));
  await run(tx, `update ${qualified(live.schema, checkpoints.name)} set projections = $1`, [left.join(' ')]);
}

const isLockTimeout = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === '55P03';
