import type { EventStore, Position } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { Build, type BuildProgress } from './build.js';
import { positionOf, readCheckpoint, verifyWitness } from './checkpoints.js';
import type { Database } from './database.js';
import { listParked, type ParkedStream } from './parked-streams.js';
import type { Projection } from './projection.js';
import { builtBy, createAllIndexes, createTables, fingerprint, lockSchemas } from './read-schema.js';
import { withRebuildLock } from './rebuild-lock.js';
import { markOf, replaySchemas } from './replay-schemas.js';
import type { ReplayScope } from './replay-scope.js';
import { rowsOf, run } from './sql.js';
import { qualified } from './table.js';

/** The schema may not be written by this replay, or dropped as one; the message says why. */
export class ReplayRefused extends Error {
  override readonly name = 'ReplayRefused';
}

export interface ReplayOptions {
  readonly db: Database;
  readonly store: EventStore;
  readonly personalData: PersonalData;
  readonly projections: readonly Projection[];
  /** Where the rows are to stand: a schema that does not exist, or one that this very replay was stopped in. */
  readonly schema: string;
  readonly scope: ReplayScope;
  readonly batchSize?: number;
  /** Aborting ends it after the batch under way, by throwing; the next one goes on from there. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: BuildProgress) => void;
  /** How long to wait for another one that writes the same schema. */
  readonly waitMs?: number;
}

export interface ReplayReport {
  /** Read by this run, of all streams. */
  readonly events: number;
  /** Streams of which an event could not be projected: their rows stand still before it. */
  readonly parked: readonly ParkedStream[];
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** Postgres' own, tenantry's own, and what everybody expects to mean something else. */
const TAKEN = /^(pg_|read_|durable$|snapshots$|public$|information_schema$)/;
const KILLED_ONES_CONNECTION_MS = 10_000;

export function refuseName(schema: string): void {
  if (!NAME.test(schema))
    throw new ReplayRefused(
      `${schema}: a schema's name is made of a-z, 0-9 and _, 63 at most, and begins with a letter`,
    );
  if (TAKEN.test(schema)) throw new ReplayRefused(`${schema} is not for replays: choose another name`);
}

/**
 * Builds the read models as they were at a moment, in a schema of their own: the events of the scope, by the projections
 * that build the live ones, which it neither reads nor touches. Stopped or killed, the same replay goes on from there.
 * Throws ReplayRefused, RebuildRunning, LogDiverged.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { db, store, schema, projections, personalData, scope, signal, waitMs = KILLED_ONES_CONNECTION_MS } = options;
  refuseName(schema);
  return withRebuildLock(db, { schema, waitMs }, async () => {
    const head = await store.head();
    const target = await db.transaction().execute(async (tx) => {
      await lockSchemas(tx);
      return begun(tx, options, head);
    });
    const checkpoint = await readCheckpoint(db, schema);
    await verifyWitness(store, checkpoint);
    const models = { db, schema, projections, personalData, copy: true, wanted: scope.wanted };
    const { batchSize = 5_000, onProgress = () => {} } = options;
    const build = new Build(models, store, { batchSize, onProgress, signal }, checkpoint);
    await build.to(target);
    await createAllIndexes(db, projections, { schema });
    const tables = projections.flatMap((each) => each.tables.map(({ name }) => qualified(schema, name)));
    await run(db, `analyze ${tables.join()}`);
    await run(db, `update ${markOf(schema)} set finished_at = coalesce(finished_at, now())`);
    return { events: build.events, parked: await listParked(db, schema) };
  });
}

/** Takes a schema away that a replay made, and no other. Throws ReplayRefused. */
export async function dropReplay(db: Database, schema: string, waitMs = KILLED_ONES_CONNECTION_MS): Promise<void> {
  refuseName(schema);
  await withRebuildLock(db, { schema, waitMs }, () =>
    db.transaction().execute(async (tx) => {
      await lockSchemas(tx);
      if (!(await replaySchemas(tx)).includes(schema)) throw new ReplayRefused(`${schema} was not made by a replay`);
      await run(tx, `drop schema "${schema}" cascade`);
    }),
  );
}

interface Mark {
  readonly org: string | null;
  readonly realm: string | null;
  readonly until: string;
  readonly revision: string | null;
  readonly commit: string | null;
  readonly prepare: string | null;
}

/**
 * Makes the schema, or takes up the one that was begun. Answers up to where the log is read: to its end when the replay
 * began, as clocks differ and an event of before the moment may stand anywhere.
 */
async function begun(
  tx: Database,
  { schema, projections, scope }: ReplayOptions,
  head: Position | undefined,
): Promise<Position | undefined> {
  const until = new Date(scope.instant).toISOString();
  const revision = scope.revision?.toString() ?? null;
  const [present] = await rowsOf(tx, 'select 1 from pg_namespace where nspname = $1', [schema]);
  if (present === undefined) {
    await run(tx, `create schema "${schema}"`);
    await createTables(tx, projections, schema);
    await run(
      tx,
      `create table ${markOf(schema)} (org text, realm text, until timestamptz not null, revision bigint,
         commit bigint, prepare bigint, began_at timestamptz not null default now(), finished_at timestamptz)`,
    );
    const values = [scope.org ?? null, scope.realm ?? null, until, revision, head?.commit, head?.prepare];
    await run(
      tx,
      `insert into ${markOf(schema)} (org, realm, until, revision, commit, prepare) values ($1, $2, $3, $4, $5, $6)`,
      values.map((value) => value?.toString() ?? null),
    );
    return head;
  }
  if (!(await replaySchemas(tx)).includes(schema))
    throw new ReplayRefused(`${schema} exists, and no replay made it: choose another name`);
  const [mark] = await rowsOf<Mark>(tx, `select * from ${markOf(schema)}`);
  const by = (await builtBy(tx, { schema }))?.by;
  const isSame =
    mark?.org === (scope.org ?? null) &&
    mark.realm === (scope.realm ?? null) &&
    mark.until === until &&
    mark.revision === revision;
  if (!isSame || by !== fingerprint(projections))
    throw new ReplayRefused(`${schema} holds another replay: choose another name, or take it away with --drop`);
  return positionOf(mark.commit, mark.prepare);
}
