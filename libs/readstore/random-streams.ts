import type { Database } from './database.js';
import { generation } from './generations.js';
import { rowsOf } from './sql.js';
import { streamOfRow } from './stream-rows.js';
import { qualified, type Table } from './table.js';

/** A table is sampled by its pages of 8 KiB, however large it is. */
const SAMPLED_PAGES = 50;

/** Some streams that have rows in a random one of the tables: one table that lost a stream's rows does not hide the stream. */
export async function randomStreams(
  db: Database,
  schema: string,
  tables: readonly Table[],
  count: number,
): Promise<string[]> {
  const live = await generation(db, 'live', schema);
  const table = tables[Math.floor(Math.random() * tables.length)];
  const stream = table && streamOfRow(table, 'row');
  if (live === undefined || table === undefined || stream === undefined) return [];
  const name = qualified(live.schema, table.name);
  const [size] = await rowsOf<{ pages: number }>(
    db,
    'select relpages as pages from pg_class where oid = to_regclass($1)',
    [name],
  );
  const percent = Math.min(100, (100 * SAMPLED_PAGES) / Math.max(1, size?.pages ?? 1));
  const rows = await rowsOf<{ stream: string }>(
    db,
    `select stream from (select distinct ${stream} as stream from ${name} row tablesample system (${percent})) sample
      order by random() limit $1`,
    [count],
  );
  return rows.map((row) => row.stream);
}
