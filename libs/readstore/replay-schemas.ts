import type { Database } from './database.js';
import { rowsOf } from './sql.js';
import { qualified } from './table.js';

/** Stands in every schema that a replay made, and in no other: by it they are known again. */
const MARK = 'tenantry_replay';

export const markOf = (schema: string): string => qualified(schema, MARK);

/** The schemas that replays made, finished or not. */
export async function replaySchemas(db: Database): Promise<string[]> {
  const found = await rowsOf<{ schema: string }>(
    db,
    'select schemaname as schema from pg_tables where tablename = $1 order by schemaname',
    [MARK],
  );
  return found.map(({ schema }) => schema);
}
