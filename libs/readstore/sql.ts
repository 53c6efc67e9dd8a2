import { CompiledQuery } from 'kysely';
import type { Database } from './database.js';

/** One statement whose text stands in this code; values travel as parameters. */
export const run = (db: Database, sql: string, values: readonly unknown[] = []) =>
  db.executeQuery(CompiledQuery.raw(sql, [...values]));

/** The caller vouches for the type of the rows. */
export async function rowsOf<Row>(db: Database, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return (await db.executeQuery<Row>(CompiledQuery.raw(sql, [...values]))).rows;
}
