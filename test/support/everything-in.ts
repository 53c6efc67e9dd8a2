import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';

/** Every row of every table of the product, as text: what a dump would hold. */
export async function everythingIn(db: Database): Promise<string> {
  const tables = await rowsOf<{ schema: string; name: string }>(
    db,
    `select schemaname as schema, tablename as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2`,
  );
  const texts: string[] = [];
  for (const { schema, name } of tables) {
    const rows = await rowsOf<{ row: string }>(db, `select to_jsonb(t)::text as row from "${schema}"."${name}" t`);
    texts.push(`${schema}.${name}`, ...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}
