import { comparePositions, type EventStore } from '#libs/application/ports/event-store.js';
import { applyEvents, type ReadModels } from './batch.js';
import { readCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { generation } from './generations.js';
import { opened } from './projected-event.js';
import { builtBy, fingerprint } from './read-schema.js';
import { rowsOf, run } from './sql.js';
import { streamKey } from './stream-rows.js';
import { createTable, qualified, type Table } from './table.js';

/** A row that is not what the log says. Its key tells ids; it tells nothing that the row holds. */
export interface DamagedRow {
  readonly stream: string;
  readonly table: string;
  readonly key: Readonly<Record<string, unknown>>;
  /** Of the stream's last event that was folded. */
  readonly revision: string;
}

export type Verification =
  | { readonly skipped: 'parked' | 'too_long' | 'not_built' }
  | { readonly skipped?: undefined; readonly events: number; readonly damaged: readonly DamagedRow[] };

export interface VerifyOptions {
  readonly models: ReadModels;
  readonly store: EventStore;
  /** Longer streams are skipped. */
  readonly maxEvents: number;
  readonly signal: AbortSignal;
}

/** Postgres' own schema of a session's temporary tables: gone with the transaction that is rolled back. */
const SCRATCH = 'pg_temp';
const SHOWN_PER_TABLE = 10;

/**
 * Folds one stream from its start by the projections' own code into temporary tables, and compares them with the live rows,
 * both at one position. Rows of the stream beyond what the log says are found too, except in tables whose keys do not start
 * with the stream.
 */
export async function verifyStream(options: VerifyOptions, stream: string): Promise<Verification> {
  const { db, schema, projections } = options.models;
  const tx = await db.startTransaction().setIsolationLevel('repeatable read').execute();
  try {
    // The first statement, so that no switch comes between this one and the last.
    const { position, parked } = await readCheckpoint(tx, schema);
    const live = await generation(tx, 'live', schema);
    const built = live && (await builtBy(tx, live));
    if (position === undefined || built?.by !== fingerprint(projections)) return { skipped: 'not_built' };
    if (parked.has(stream)) return { skipped: 'parked' };
    for (const table of projections.flatMap(({ tables }) => tables)) await run(tx, createTable(SCRATCH, table));
    const models = { ...options.models, schema: SCRATCH };
    let events = 0;
    let revision = -1n;
    for await (const page of options.store.read(stream, 0n, options.maxEvents + 1)) {
      options.signal.throwIfAborted();
      const due = page.filter((event) => comparePositions(event.position, position) <= 0);
      await applyEvents(tx, models, await opened(models.personalData, due));
      events += due.length;
      revision = due.at(-1)?.revision ?? revision;
      if (due.length < page.length) break;
    }
    if (events > options.maxEvents) return { skipped: 'too_long' };
    return { events, damaged: await damagedIn(tx, options.models, stream, revision.toString()) };
  } finally {
    await tx.rollback().execute();
  }
}

async function damagedIn(
  tx: Database,
  { schema, projections }: ReadModels,
  stream: string,
  revision: string,
): Promise<DamagedRow[]> {
  const damaged: DamagedRow[] = [];
  for (const table of projections.flatMap(({ tables }) => tables)) {
    const { sql, values } = comparison(schema, table, stream);
    for (const { key } of await rowsOf<{ key: Record<string, unknown> }>(tx, sql, values))
      damaged.push({ stream, table: table.name, key, revision });
  }
  return damaged;
}

function comparison(schema: string, table: Table, stream: string): { sql: string; values: readonly string[] } {
  const columns = Object.keys(table.columns).map((column) => `"${column}"`);
  const keys = table.key.map((column) => `"${column}"`);
  const side = (alias: string) => `row(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
  const lead = streamKey(table, stream);
  const live = qualified(schema, table.name);
  const rows = lead === undefined ? live : `(select * from ${live} where "${lead.column}" = $1)`;
  // Text, because JSON has no 64-bit integers.
  const named = table.key.map((key) => {
    const value = `coalesce(a."${key}", b."${key}")`;
    return `'${key}', ${table.columns[key]?.type === 'bigint' ? `${value}::text` : value}`;
  });
  const sql = `select json_build_object(${named.join(', ')}) as key
    from ${qualified(SCRATCH, table.name)} b
    ${lead === undefined ? 'left' : 'full'} join ${rows} a on ${keys.map((key) => `a.${key} = b.${key}`).join(' and ')}
    where ${side('a')} is distinct from ${side('b')} limit ${SHOWN_PER_TABLE}`;
  return { sql, values: lead === undefined ? [] : [lead.value] };
}
