import { type Database } from '#libs/readstore/database.js';
import { durableMigrations, durableSchema, type Migration, migrate } from '#libs/readstore/migrations.js';
import { rowsOf, run } from '#libs/readstore/sql.js';

const PAGE_ROWS = 1000;
/** Kept by the migrations themselves. */
const MIGRATIONS = 'migrations';

/** Which migrations had made the tables. */
export type Applied = readonly { readonly number: number; readonly name: string }[];

/** Backup and database do not fit together. */
export class DurableNotRestorable extends Error {
  override readonly name = 'DurableNotRestorable';
}

/** Reads tables at one moment: each row as Postgres's own JSON, which it reads back to the same values. */
export interface DurableReader {
  readonly migrations: Applied;
  readonly tables: readonly string[];
  rows(table: string): AsyncIterable<readonly string[]>;
}

/** Calls back with all durable tables as they are at one moment. */
export async function readDurable<T>(db: Database, read: (reader: DurableReader) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      await run(tx, `set local bytea_output = 'hex'`);
      const migrations = await appliedTo(tx);
      const tables = await tablesIn(tx);
      return read({ migrations, tables, rows: (table) => rowsFrom(tx, table) });
    });
}

/** Throws DurableNotRestorable unless this build knows the migrations, and the database holds nothing of tenantry's. */
export async function refuseUnlessEmpty(db: Database, applied: Applied, readSchema: string): Promise<void> {
  migrationsUpTo(applied);
  const found = await rowsOf<{ name: string }>(
    db,
    'select nspname as name from pg_namespace where nspname = any($1) order by 1',
    [[durableSchema, readSchema]],
  );
  const [first] = found;
  if (first !== undefined)
    throw new DurableNotRestorable(
      `Postgres is not empty: it holds the schema ${first.name}; restore into a new database`,
    );
}

/** Makes the tables as they were and fills them, then brings them up to this build. All rows or none. Answers how many. */
export async function restoreDurable(
  db: Database,
  applied: Applied,
  tables: ReadonlyMap<string, AsyncIterable<readonly string[]>>,
): Promise<ReadonlyMap<string, number>> {
  await migrate(db, migrationsUpTo(applied));
  const counts = new Map<string, number>();
  await db.transaction().execute(async (tx) => {
    const known = new Set(await tablesIn(tx));
    for (const [table, pages] of tables) {
      if (!known.has(table)) throw new DurableNotRestorable(`there is no table ${durableSchema}.${table}`);
      let count = 0;
      for await (const rows of pages) {
        await insert(tx, table, rows);
        count += rows.length;
      }
      counts.set(table, count);
    }
  });
  await migrate(db);
  return counts;
}

function migrationsUpTo(applied: Applied): readonly Migration[] {
  for (const [index, { number, name }] of applied.entries()) {
    const known = durableMigrations[index];
    if (known?.number !== number || known.name !== name)
      throw new DurableNotRestorable(
        `the backup was made by a build with migration ${number} (${name}), which this one does not know`,
      );
  }
  return durableMigrations.slice(0, applied.length);
}

/** None before the first start. */
async function appliedTo(tx: Database): Promise<Applied> {
  const name = `${durableSchema}.${MIGRATIONS}`;
  const [found] = await rowsOf<{ found: boolean }>(tx, 'select to_regclass($1) is not null as found', [name]);
  return found?.found === true ? rowsOf<Applied[number]>(tx, `select number, name from ${name} order by number`) : [];
}

async function tablesIn(tx: Database): Promise<string[]> {
  const rows = await rowsOf<{ name: string }>(
    tx,
    `select table_name as name from information_schema.tables
     where table_schema = $1 and table_type = 'BASE TABLE' and table_name <> $2 order by 1`,
    [durableSchema, MIGRATIONS],
  );
  return rows.map(({ name }) => name);
}

async function* rowsFrom(tx: Database, table: string): AsyncIterable<readonly string[]> {
  await run(
    tx,
    `declare backup_rows no scroll cursor for select to_jsonb(t)::text as row from ${qualified(table)} as t`,
  );
  for (;;) {
    const page = await rowsOf<{ row: string }>(tx, `fetch ${PAGE_ROWS} from backup_rows`);
    if (page.length === 0) break;
    yield page.map(({ row }) => row);
  }
  await run(tx, 'close backup_rows');
}

const insert = (tx: Database, table: string, rows: readonly string[]) =>
  run(
    tx,
    `insert into ${qualified(table)} overriding system value
     select * from jsonb_populate_recordset(null::${qualified(table)}, $1::jsonb)`,
    [`[${rows.join(',')}]`],
  );

function qualified(table: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(table)) throw new DurableNotRestorable(`${table} is no name of a table`);
  return `${durableSchema}."${table}"`;
}
