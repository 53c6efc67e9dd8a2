import type { Build } from './build.js';
import { checkpoints, readCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { parkedStreams } from './parked-streams.js';
import type { Projection } from './projection.js';
import { rowsOf, run } from './sql.js';
import { streamOfRow } from './stream-rows.js';
import { qualified, type Table } from './table.js';

const SHOWN = 10;

export interface RowDifference {
  readonly key: Readonly<Record<string, unknown>>;
  /** Null where the row is missing on that side. */
  readonly live: Readonly<Record<string, unknown>> | null;
  readonly rebuilt: Readonly<Record<string, unknown>> | null;
}

export interface SchemaDifference {
  readonly table: string;
  /** How many rows differ; `first` shows some of them. */
  readonly count: string;
  readonly first: readonly RowDifference[];
}

interface ComparedRow {
  count: string;
  live: Record<string, unknown> | null;
  rebuilt: Record<string, unknown> | null;
}

/**
 * What differs between the live generation's rows and the build's, which is brought to the live position for that. The
 * projector waits only until the comparison has its snapshot, not while it compares.
 */
export async function compareAtOnePosition(
  db: Database,
  { live, build }: { live: string; build: Build },
  projections: readonly Projection[],
): Promise<SchemaDifference[]> {
  const snapshot = await db
    .startTransaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute();
  try {
    await db.transaction().execute(async (tx) => {
      await run(tx, `select 1 from ${qualified(live, checkpoints.name)} for update`);
      await build.to((await readCheckpoint(tx, live)).position);
      // The first query takes the snapshot that the later ones see.
      await run(snapshot, 'select 1');
    });
    return await compareSchemas(snapshot, live, build.schema, projections);
  } finally {
    await snapshot.rollback().execute();
  }
}

/** The tables whose rows are not the same in both schemas, row by row; those of parked streams are left out. */
async function compareSchemas(
  db: Database,
  live: string,
  rebuilt: string,
  projections: readonly Projection[],
): Promise<SchemaDifference[]> {
  const differences: SchemaDifference[] = [];
  for (const table of projections.flatMap(({ tables }) => tables)) {
    const rows = await rowsOf<ComparedRow>(db, comparison(live, rebuilt, table));
    const [row] = rows;
    if (row === undefined) continue;
    differences.push({ table: table.name, count: row.count, first: rows.map((found) => difference(table, found)) });
  }
  return differences;
}

function comparison(live: string, rebuilt: string, table: Table): string {
  const columns = Object.keys(table.columns).map((column) => `"${column}"`);
  const keys = table.key.map((column) => `"${column}"`);
  const side = (alias: string) => `row(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
  return `select count(*) over () as count, to_jsonb(a) as live, to_jsonb(b) as rebuilt
    from ${qualified(live, table.name)} a
    full join ${qualified(rebuilt, table.name)} b on ${keys.map((key) => `a.${key} = b.${key}`).join(' and ')}
    where ${side('a')} is distinct from ${side('b')}${notParked(live, rebuilt, table)}
    order by ${keys.map((key) => `coalesce(a.${key}, b.${key})`).join(', ')} limit ${SHOWN}`;
}

/** A parked stream's rows stand still where it was parked, and that need not be the same place on both sides. */
function notParked(live: string, rebuilt: string, table: Table): string {
  const streams = streamOfRow(table, 'a') && `coalesce(${streamOfRow(table, 'a')}, ${streamOfRow(table, 'b')})`;
  const parked = [live, rebuilt].map((schema) => `select stream from ${qualified(schema, parkedStreams.name)}`);
  return streams === undefined ? '' : ` and ${streams} not in (${parked.join(' union ')})`;
}

function difference({ key }: Table, { live, rebuilt }: ComparedRow): RowDifference {
  const row = live ?? rebuilt ?? {};
  return { key: Object.fromEntries(key.map((column) => [column, row[column]])), live, rebuilt };
}

/** How many rows each table of the projections holds. */
export async function rowCounts(
  db: Database,
  schema: string,
  projections: readonly Projection[],
): Promise<Map<string, string>> {
  const counts = new Map<string, string>();
  for (const { name } of projections.flatMap(({ tables }) => tables)) {
    const [row] = await rowsOf<{ count: string }>(db, `select count(*) as count from ${qualified(schema, name)}`);
    counts.set(name, row?.count ?? '0');
  }
  return counts;
}
