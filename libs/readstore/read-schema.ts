import { CompiledQuery } from 'kysely';
import { checkpoints, PROJECTOR } from './checkpoints.js';
import type { Database } from './database.js';
import type { Projection } from './projection.js';
import { createTable, qualified, readSchema } from './table.js';

/** The tables were built by other projections than this build's: rebuild them, then start the projector again. */
export class ReadSchemaOutdated extends Error {
  override readonly name = 'ReadSchemaOutdated';
}

/** Any number that nothing else locks: serializes those who create schemas. */
export const SCHEMA_LOCK = 7_206_351_904n;

export const run = (db: Database, sql: string, values: readonly unknown[] = []) =>
  db.executeQuery(CompiledQuery.raw(sql, [...values]));

export const lockSchemas = (tx: Database) => run(tx, 'select pg_advisory_xact_lock($1)', [SCHEMA_LOCK.toString()]);

const fingerprint = (projections: readonly Projection[]) =>
  projections
    .map(({ name, version }) => `${name}@${version}`)
    .sort()
    .join(' ');

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
    const built = await builtBy(tx, schema);
    const wanted = fingerprint(projections);
    if (built?.by === wanted) return;
    if (built !== undefined && !built.empty)
      throw new ReadSchemaOutdated(`${schema} was built by ${built.by}; this build has ${wanted}`);
    await createReadSchema(tx, projections, schema);
  });
}

/** Drops what stands there. */
export async function createReadSchema(
  tx: Database,
  projections: readonly Projection[],
  schema: string,
): Promise<void> {
  await run(tx, `drop schema if exists "${schema}" cascade`);
  await run(tx, `create schema "${schema}"`);
  for (const table of [checkpoints, ...projections.flatMap(({ tables }) => tables)])
    for (const statement of createTable(schema, table)) await run(tx, statement);
  await run(tx, `insert into ${qualified(schema, checkpoints.name)} (name, epoch, projections) values ($1, 1, $2)`, [
    PROJECTOR,
    fingerprint(projections),
  ]);
}

/** `other`: filled by other projections than these. */
export async function readSchemaState(
  db: Database,
  projections: readonly Projection[],
  schema: string,
): Promise<'absent' | 'current' | 'other'> {
  const built = await builtBy(db, schema);
  if (built === undefined) return 'absent';
  return built.by === fingerprint(projections) ? 'current' : 'other';
}

async function builtBy(tx: Database, schema: string): Promise<{ by: string; empty: boolean } | undefined> {
  const name = qualified(schema, checkpoints.name);
  const exists = CompiledQuery.raw('select to_regclass($1) is not null as found', [name]);
  if ((await tx.executeQuery<{ found: boolean }>(exists)).rows[0]?.found !== true) return undefined;
  const query = CompiledQuery.raw(`select projections as by, commit is null as empty from ${name} where name = $1`, [
    PROJECTOR,
  ]);
  return (await tx.executeQuery<{ by: string; empty: boolean }>(query)).rows[0];
}
