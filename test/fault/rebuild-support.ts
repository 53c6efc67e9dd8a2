import type { Database } from '#libs/readstore/database.js';
import { rebuild, type RebuildOptions } from '#libs/readstore/rebuild.js';
import { allProjections } from '#projections/all.js';
import { PlainPersonalData } from './projector-history.js';
import { query } from './projector-support.js';

export const personalData = new PlainPersonalData();

/** A rebuild of every read model, in small batches. */
export const rebuilt = (given: Pick<RebuildOptions, 'db' | 'store'> & Partial<RebuildOptions>) =>
  rebuild({ personalData, projections: allProjections, batchSize: 50, ...given });

/** Also what the views of `read_v1` show. */
export async function dropReadModels(db: Database): Promise<void> {
  const found = await query<{ name: string }>(
    db,
    `select nspname as name from pg_namespace where nspname ~ '^(read_v1|reference)'`,
  );
  for (const { name } of found) await query(db, `drop schema if exists "${name}" cascade`);
}

export const generationsIn = (db: Database) =>
  query(db, 'select number, state from read_v1.generations order by number');
