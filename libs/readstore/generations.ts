import type { Database } from './database.js';
import { replaySchemas } from './replay-schemas.js';
import { rowsOf, run } from './sql.js';
import { qualified, readSchema } from './table.js';

/**
 * The rows of the read models stand in generations: schemas `read_v1_g<number>`, each with a checkpoint of its own.
 * Readers and the projector name `read_v1`, whose views show the live generation. `building`: filled by a rebuild, or
 * left by one that was stopped. `former`: live before the last switch; nobody keeps it current until it is wanted back.
 */
export type GenerationState = 'building' | 'live' | 'former';

export interface Generation {
  readonly number: number;
  readonly schema: string;
  readonly state: GenerationState;
}

const book = (schema: string) => qualified(schema, 'generations');
const schemaOf = (schema: string, number: number) => `${schema}_g${number}`;

/** What stands there, at most one of each state. */
export async function generations(db: Database, schema = readSchema): Promise<Generation[]> {
  if (!(await exists(db, book(schema)))) return [];
  const rows = await rowsOf<Omit<Generation, 'schema'>>(
    db,
    `select number, state from ${book(schema)} order by number`,
  );
  return rows.map((row) => ({ ...row, schema: schemaOf(schema, row.number) }));
}

export async function generation(
  db: Database,
  state: GenerationState,
  schema = readSchema,
): Promise<Generation | undefined> {
  return (await generations(db, schema)).find((each) => each.state === state);
}

/**
 * The schemas of all generations, live or not, and of replays, that have this table: for rows that must go wherever they
 * stand.
 */
export async function generationsHolding(db: Database, table: string, schema = readSchema): Promise<string[]> {
  const holding: string[] = [];
  const all = [...(await generations(db, schema)).map((each) => each.schema), ...(await replaySchemas(db))];
  for (const each of all) if (await exists(db, qualified(each, table))) holding.push(each);
  return holding;
}

/** An empty schema under a number that was never used. What a killed process left of others is dropped. */
export async function addGeneration(tx: Database, schema: string, state: GenerationState): Promise<Generation> {
  await run(tx, `create schema if not exists "${schema}"`);
  await run(
    tx,
    `create table if not exists ${book(schema)}
      (number integer generated always as identity primary key, state text not null unique,
       made_at timestamptz not null default now())`,
  );
  await dropUnlisted(tx, schema);
  const [row] = await rowsOf<{ number: number }>(
    tx,
    `insert into ${book(schema)} (state) values ($1) returning number`,
    [state],
  );
  const added = row && { number: row.number, schema: schemaOf(schema, row.number), state };
  if (added === undefined) throw new Error(`${schema} took no further generation`);
  await run(tx, `create schema "${added.schema}"`);
  return added;
}

export async function dropGeneration(tx: Database, schema: string, { number, schema: own }: Generation): Promise<void> {
  await run(tx, `drop schema if exists "${own}" cascade`);
  await run(tx, `delete from ${book(schema)} where number = $1`, [number]);
}

/**
 * Raises `made_at`, so that number and instant name one life of the generation: what was cached of an earlier one is stale.
 * The present live generation becomes the former one. The former one until now is no longer listed: drop it afterwards.
 */
export async function makeLive(tx: Database, schema: string, { number }: Generation): Promise<void> {
  await run(tx, `delete from ${book(schema)} where state = 'former' and number <> $1`, [number]);
  await run(tx, `update ${book(schema)} set state = 'leaving' where state = 'live'`);
  await run(tx, `update ${book(schema)} set state = 'live', made_at = now() where number = $1`, [number]);
  await run(tx, `update ${book(schema)} set state = 'former' where state = 'leaving'`);
}

/** Schemas of generations that are not in the book. */
export async function dropUnlisted(tx: Database, schema: string): Promise<void> {
  const listed = (await generations(tx, schema)).map((each) => each.schema);
  const found = await rowsOf<{ nspname: string }>(tx, 'select nspname from pg_namespace where nspname ~ $1', [
    `^${schema}_g[0-9]+$`,
  ]);
  for (const { nspname } of found)
    if (!listed.includes(nspname)) await run(tx, `drop schema if exists "${nspname}" cascade`);
}

/**
 * Makes these tables of a generation the ones that readers meet, and takes away all views but theirs and the `kept` ones. A view whose columns
 * stay the same is replaced in place, so that what others built on it or may do with it stays as well.
 */
export async function showThroughViews(
  tx: Database,
  schema: string,
  from: string,
  tables: readonly string[],
  kept: readonly string[] = [],
): Promise<void> {
  const present = await rowsOf<{ name: string }>(tx, 'select viewname as name from pg_views where schemaname = $1', [
    schema,
  ]);
  for (const { name } of present)
    if (!tables.includes(name) && !kept.includes(name)) await run(tx, `drop view ${qualified(schema, name)} cascade`);
  for (const name of tables) {
    const [view, table] = [qualified(schema, name), qualified(from, name)];
    if (!(await sameColumns(tx, view, table))) await run(tx, `drop view if exists ${view} cascade`);
    await run(tx, `create or replace view ${view} as select * from ${table}`);
  }
}

async function sameColumns(db: Database, one: string, other: string): Promise<boolean> {
  const columns = (
    parameter: string,
  ) => `(select array_agg(attname || ' ' || atttypid order by attnum) from pg_attribute
    where attrelid = to_regclass(${parameter}) and attnum > 0 and not attisdropped)`;
  const [row] = await rowsOf<{ same: boolean }>(
    db,
    `select coalesce(${columns('$1')} = ${columns('$2')}, false) as same`,
    [one, other],
  );
  return row?.same === true;
}

async function exists(db: Database, relation: string): Promise<boolean> {
  const [row] = await rowsOf<{ found: boolean }>(db, 'select to_regclass($1) is not null as found', [relation]);
  return row?.found === true;
}

/** Tables that stand where the views belong, as they once did, become the live generation. */
export async function adoptPlainSchema(tx: Database, schema: string): Promise<void> {
  const [plain] = await rowsOf(tx, `select 1 from pg_tables where schemaname = $1 and tablename = 'checkpoint'`, [
    schema,
  ]);
  if (plain === undefined) return;
  await run(tx, `alter schema "${schema}" rename to "${schema}_plain"`);
  const adopted = await addGeneration(tx, schema, 'live');
  await run(tx, `drop schema "${adopted.schema}"`);
  await run(tx, `alter schema "${schema}_plain" rename to "${adopted.schema}"`);
  const tables = await rowsOf<{ name: string }>(tx, 'select tablename as name from pg_tables where schemaname = $1', [
    adopted.schema,
  ]);
  const names = tables.map(({ name }) => name);
  await showThroughViews(tx, schema, adopted.schema, names);
}
