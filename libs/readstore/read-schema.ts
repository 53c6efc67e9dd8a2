import { checkpoints, PROJECTOR } from './checkpoints.js';
import type { Database } from './database.js';
import {
  addGeneration,
  adoptPlainSchema,
  dropGeneration,
  type Generation,
  type GenerationState,
  generation,
  showThroughViews,
} from './generations.js';
import { parkedStreams } from './parked-streams.js';
import type { Projection } from './projection.js';
import { rowsOf, run } from './sql.js';
import { addNullableColumns, createIndexes, createTable, qualified, readSchema, type Table } from './table.js';

/** The live tables were built by other projections than this build's. */
export class ReadSchemaOutdated extends Error {
  override readonly name = 'ReadSchemaOutdated';
}

/** Any number that nothing else locks: serializes those who create schemas. */
export const SCHEMA_LOCK = 7_206_351_904n;

export const lockSchemas = (tx: Database) => run(tx, 'select pg_advisory_xact_lock($1)', [SCHEMA_LOCK.toString()]);

/** What every generation holds beside its projections' tables. */
const ownTables: readonly Table[] = [checkpoints, parkedStreams];

export const tablesOf = (projections: readonly Projection[]): Table[] => [
  ...ownTables,
  ...projections.flatMap(({ tables }) => tables),
];

/** Names and versions: rows of equal fingerprints may be compared, and one may go on where the other stopped. */
export const fingerprint = (projections: readonly Projection[]): string =>
  projections
    .map(({ name, version }) => `${name}@${version}`)
    .sort()
    .join(' ');

/** Those of the projections that, in this very version, built what has this fingerprint. */
export function builtIn(print: string, projections: readonly Projection[]): Projection[] {
  const built = new Set(print.split(' '));
  return projections.filter((each) => built.has(fingerprint([each])));
}

/**
 * Creates the read models' tables where there are none, or replaces them while they hold nothing yet.
 * Throws ReadSchemaOutdated where other projections have filled them.
 */
export async function ensureReadSchema(
  db: Database,
  projections: readonly Projection[],
  schema = readSchema,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    await adoptPlainSchema(tx, schema);
    const live = await generation(tx, 'live', schema);
    const built = live && (await builtBy(tx, live));
    const wanted = fingerprint(projections);
    if (live !== undefined && built?.by === wanted) return addMissing(tx, schema, live);
    if (built !== undefined && !built.empty)
      throw new ReadSchemaOutdated(
        `${schema} was built by ${built.by}; this build has ${wanted}. \`npx tenantry rebuild\` builds it beside the live one`,
      );
    if (live !== undefined) await dropGeneration(tx, schema, live);
    const added = await createGeneration(tx, projections, schema, 'live');
    await createAllIndexes(tx, projections, added);
    const names = tablesOf(projections).map(({ name }) => name);
    await showThroughViews(tx, schema, added.schema, names);
  });
}

/** Own tables and columns that came with a later build. */
async function addMissing(tx: Database, schema: string, live: Generation): Promise<void> {
  const seen = await rowsOf<{ name: string }>(
    tx,
    // The catalog itself: `information_schema` takes ten times as long.
    `select relname || '.' || attname as name
       from pg_namespace n join pg_class r on r.relnamespace = n.oid join pg_attribute a on a.attrelid = r.oid
       where nspname = $1 and relkind in ('r', 'v') and attnum > 0 and not attisdropped`,
    [schema],
  );
  const names = new Set(seen.map(({ name }) => name));
  const lacking = ownTables.filter(({ name, columns }) =>
    Object.keys(columns).some((column) => !names.has(`${name}.${column}`)),
  );
  for (const table of lacking) {
    for (const statement of [createTable(live.schema, table), ...addNullableColumns(live.schema, table)])
      await run(tx, statement);
    await run(
      tx,
      `create or replace view ${qualified(schema, table.name)} as select * from ${qualified(live.schema, table.name)}`,
    );
  }
}

/** Empty tables without indexes other than their keys, and a checkpoint before the first event. */
export async function createGeneration(
  tx: Database,
  projections: readonly Projection[],
  schema: string,
  state: GenerationState,
): Promise<Generation> {
  const added = await addGeneration(tx, schema, state);
  await createTables(tx, projections, added.schema);
  return added;
}

/** The same in a schema that exists and is empty. */
export async function createTables(tx: Database, projections: readonly Projection[], schema: string): Promise<void> {
  for (const table of tablesOf(projections)) await run(tx, createTable(schema, table));
  await run(tx, `insert into ${qualified(schema, checkpoints.name)} (name, epoch, projections) values ($1, 1, $2)`, [
    PROJECTOR,
    fingerprint(projections),
  ]);
}

export async function createAllIndexes(
  db: Database,
  projections: readonly Projection[],
  { schema }: Pick<Generation, 'schema'>,
): Promise<void> {
  for (const table of tablesOf(projections))
    for (const statement of createIndexes(schema, table)) await run(db, statement);
}

/** Which projections filled a generation, and whether they have read anything yet. */
export async function builtBy(
  db: Database,
  { schema }: Pick<Generation, 'schema'>,
): Promise<{ by: string; empty: boolean } | undefined> {
  const [row] = await rowsOf<{ by: string; empty: boolean }>(
    db,
    `select projections as by, commit is null as empty from ${qualified(schema, checkpoints.name)} where name = $1`,
    [PROJECTOR],
  );
  return row;
}
