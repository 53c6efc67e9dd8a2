import { type EventStore, positionText } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { Build, type BuildProgress } from './build.js';
import { readCheckpoint, verifyWitness } from './checkpoints.js';
import { compareAtOnePosition, type SchemaDifference } from './compare-schemas.js';
import type { Database } from './database.js';
import { adoptPlainSchema, dropGeneration, type Generation, generation } from './generations.js';
import type { Projection } from './projection.js';
import {
  builtBy,
  builtIn,
  createAllIndexes,
  createGeneration,
  ensureReadSchema,
  fingerprint,
  lockSchemas,
  ReadSchemaOutdated,
} from './read-schema.js';
import { withRebuildLock } from './rebuild-lock.js';
import { run } from './sql.js';
import { switchTo } from './switch.js';
import { qualified, readSchema } from './table.js';

export interface RebuildOptions {
  readonly db: Database;
  readonly store: EventStore;
  readonly personalData: PersonalData;
  /** All of this build's. */
  readonly projections: readonly Projection[];
  /** The name of the one to build; all unless given. The others' tables stay as they are. */
  readonly only?: string | undefined;
  readonly schema?: string;
  readonly batchSize?: number;
  /** Puts the new tables in the place of the live ones: also the way to start a changed projection. */
  readonly swap?: boolean;
  /** Starts over where a rebuild was stopped before; otherwise goes on from there. */
  readonly fresh?: boolean;
  /** How long to wait for another rebuild that runs. */
  readonly waitMs?: number;
  /** Aborting ends the rebuild after the batch under way, by throwing; the next one goes on from there. */
  readonly signal?: AbortSignal;
  /** Told of what begins. */
  readonly log?: (line: string) => void;
  /** Told after every batch. */
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface RebuildReport {
  /** Read by this run. */
  readonly events: number;
  /** Where both were compared, or up to where the new tables were built. */
  readonly position: string | undefined;
  /** Undefined where there was nothing to compare with: no live tables, or other projections' ones. */
  readonly differences: readonly SchemaDifference[] | undefined;
  /** What the built rows contradict of what was promised outside, a sentence for each. */
  readonly contradictions: readonly string[];
  readonly swapped: boolean;
  /** Where the built rows stand: the next rebuild goes on with them, unless they are live now or discarded. */
  readonly generation: Generation;
}

const KILLED_ONES_CONNECTION_MS = 10_000;

/**
 * Builds read models from the start of the log beside the live ones, while those are read and kept current; compares the
 * two at one position, and puts the new ones in place. Throws RebuildRunning, ReadSchemaOutdated, LogDiverged.
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  const { db, schema = readSchema, waitMs = KILLED_ONES_CONNECTION_MS } = options;
  return withRebuildLock(db, { schema, waitMs }, () => buildBeside(options, schema));
}

async function buildBeside(options: RebuildOptions, schema: string): Promise<RebuildReport> {
  const { db, store, projections, swap = false, log = () => {} } = options;
  const building = options.only === undefined ? projections : projections.filter(({ name }) => name === options.only);
  if (building.length === 0) throw new RangeError(`there is no projection ${options.only}`);
  await db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    await adoptPlainSchema(tx, schema);
  });
  const live = await generation(db, 'live', schema);
  const built = live && (await builtBy(db, live));
  refusePartOfOther(building, projections, built?.by);
  const next = await takenUp(options, schema, building);
  const build = await buildOf(options, next, building);
  const sameLog = live === undefined || (await build.toLevelOf(await readCheckpoint(db, live.schema)));
  if (!sameLog) {
    if (options.only !== undefined)
      throw new ReadSchemaOutdated('the live read models were built from another log: rebuild all of them');
    log('the live read models were built from another log: there is nothing to compare with');
  }
  const comparable = built === undefined || built.empty || !sameLog ? [] : builtIn(built.by, building);
  // Never beyond what it is compared with.
  const target = async () =>
    live === undefined || comparable.length === 0 ? store.head() : (await readCheckpoint(db, live.schema)).position;
  await build.to(await target());
  log('making indexes');
  await createAllIndexes(db, building, next);
  await run(
    db,
    `analyze ${building.flatMap(({ tables }) => tables.map(({ name }) => qualified(next.schema, name))).join()}`,
  );
  await build.to(await target());
  if (live !== undefined && comparable.length > 0) log('comparing with the live rows');
  const differences =
    live === undefined || comparable.length === 0
      ? undefined
      : await compareAtOnePosition(db, { live: live.schema, build }, comparable);
  for (const { table, count } of differences ?? []) log(`${table}: ${count} rows differ`);
  const contradictions = await contradictionsOf(db, next, building);
  for (const sentence of contradictions) log(sentence);
  const { position } = build.checkpoint;
  if (swap) await switchTo({ db, schema, projections, signal: signalOf(options) }, build, next);
  return {
    events: build.events,
    position: position && positionText(position),
    differences,
    contradictions,
    swapped: swap,
    generation: next,
  };
}

/** Brings the former generation up to the live one's position, and puts it in its place. Throws where there is none, or another build's. */
export async function switchBack(options: RebuildOptions): Promise<RebuildReport> {
  const { db, schema = readSchema, projections, waitMs = KILLED_ONES_CONNECTION_MS } = options;
  return withRebuildLock(db, { schema, waitMs }, async () => {
    const former = await generation(db, 'former', schema);
    if (former === undefined) throw new ReadSchemaOutdated('there are no former read models to switch back to');
    const by = (await builtBy(db, former))?.by ?? '';
    const building = builtIn(by, projections);
    if (fingerprint(building) !== by)
      throw new ReadSchemaOutdated(
        `the former read models were built by ${by}: only a build that has these can switch back`,
      );
    const build = await buildOf(options, former, building);
    await switchTo({ db, schema, projections, signal: signalOf(options) }, build, former);
    const { position } = build.checkpoint;
    return {
      events: build.events,
      position: position && positionText(position),
      differences: undefined,
      contradictions: await contradictionsOf(db, former, building),
      swapped: true,
      generation: former,
    };
  });
}

/**
 * Before a projector starts: where other projections built the live tables, builds this build's beside them and switches.
 * Throws LogDiverged where they were built from another log: replacing those is for a person to decide.
 */
export async function bringUpToDate(options: RebuildOptions): Promise<void> {
  const { db, projections, schema, log = () => {} } = options;
  try {
    await ensureReadSchema(db, projections, schema);
  } catch (error) {
    if (!(error instanceof ReadSchemaOutdated)) throw error;
    await verifyWitness(options.store, await readCheckpoint(db, schema));
    log(`${error.message}; doing that now`);
    await rebuild({ ...options, swap: true });
  }
}

async function contradictionsOf(
  db: Database,
  { schema }: Generation,
  projections: readonly Projection[],
): Promise<string[]> {
  const found: string[] = [];
  for (const projection of projections) found.push(...((await projection.contradictions?.(db, schema)) ?? []));
  return found;
}

const signalOf = ({ signal }: RebuildOptions) => signal ?? new AbortController().signal;

async function buildOf(
  options: RebuildOptions,
  { schema }: Generation,
  projections: readonly Projection[],
): Promise<Build> {
  const { db, store, personalData, batchSize = 5_000, onProgress = () => {} } = options;
  const checkpoint = await readCheckpoint(db, schema);
  await verifyWitness(store, checkpoint);
  const models = { db, schema, projections, personalData, copy: true };
  return new Build(models, store, { batchSize, onProgress, signal: signalOf(options) }, checkpoint);
}

/** The generation that a stopped rebuild of the same projections left, or a new one. */
async function takenUp(
  { db, fresh = false, log = () => {} }: RebuildOptions,
  schema: string,
  building: readonly Projection[],
): Promise<Generation> {
  const left = await generation(db, 'building', schema);
  const by = left && (await builtBy(db, left))?.by;
  if (left !== undefined && !fresh && by === fingerprint(building)) {
    const { position } = await readCheckpoint(db, left.schema);
    log(`going on in ${left.schema}, from ${position === undefined ? 'the start' : positionText(position)}`);
    return left;
  }
  return db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    if (left !== undefined) await dropGeneration(tx, schema, left);
    return createGeneration(tx, building, schema, 'building');
  });
}

/** Tables of one build's projections beside those of another's would be a mix that no build made. */
function refusePartOfOther(
  building: readonly Projection[],
  projections: readonly Projection[],
  by: string | undefined,
): void {
  const others = projections.filter((each) => !building.includes(each));
  if (builtIn(by ?? '', others).length === others.length) return;
  const what = by === undefined ? 'there are no live read models' : `the live read models were built by ${by}`;
  throw new ReadSchemaOutdated(`${what}: rebuild all of them`);
}

/** For rows that were built only to be compared. */
export async function discard(db: Database, built: Generation, schema = readSchema): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    await dropGeneration(tx, schema, built);
  });
}
