import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { durableMigrations, migrate } from '#libs/readstore/migrations.js';
import { rowsOf, run } from '#libs/readstore/sql.js';
import { type FreshDatabase, freshDatabase } from '../../../test/support/postgres.js';
import { DurableNotRestorable, readDurable, refuseUnlessEmpty, restoreDurable } from './durable-tables.js';

let databases: { fresh: FreshDatabase; db: Database }[];
let from: Database;
let to: Database;
beforeEach(async () => {
  databases = await Promise.all(
    [1, 2].map(async () => {
      const fresh = await freshDatabase();
      return { fresh, db: openDatabase(fresh.url) };
    }),
  );
  [from, to] = databases.map(({ db }) => db) as [Database, Database];
});
afterEach(async () => {
  for (const { fresh, db } of databases) {
    await db.destroy();
    await fresh.drop();
  }
});

async function copied(): Promise<ReadonlyMap<string, number>> {
  const pages = new Map<string, string[][]>();
  const migrations = await readDurable(from, async (reader) => {
    for (const table of reader.tables) {
      const all: string[][] = [];
      for await (const page of reader.rows(table)) all.push([...page]);
      pages.set(table, all);
    }
    return reader.migrations;
  });
  const asyncPages = async function* (of: string[][]) {
    yield* of;
  };
  await refuseUnlessEmpty(to, migrations, 'read_v1');
  return restoreDurable(to, migrations, new Map([...pages].map(([name, all]) => [name, asyncPages(all)])));
}

const keysIn = (db: Database) =>
  rowsOf(
    db,
    `select subject, kid, encode(wrapped, 'hex') as wrapped, created_at::text from durable.subject_keys order by 1`,
  );

it('every row comes back with the same values, in any number', async () => {
  await migrate(from);
  await run(
    from,
    `insert into durable.subject_keys (subject, kid, wrapped, created_at)
     select 'user-é"\\' || n, gen_random_uuid(), sha256(n::text::bytea), '2026-03-04 05:06:07.123456+02'::timestamptz + n * interval '1 us'
     from generate_series(1, 2345) as n`,
  );
  expect((await copied()).get('subject_keys')).toBe(2345);
  expect(await keysIn(to)).toEqual(await keysIn(from));
});

it('of a database without tables nothing comes, and the tables of this build are made', async () => {
  expect(await copied()).toEqual(new Map());
  expect(await keysIn(to)).toEqual([]);
  expect(await migrate(to)).toEqual([]);
});

it('an older backup is brought up to this build', async () => {
  await migrate(from, durableMigrations.slice(0, 1));
  await run(from, `insert into durable.subject_keys (subject, kid, wrapped) values ('user-a', gen_random_uuid(), 'x')`);
  await copied();
  expect(await keysIn(to)).toEqual(await keysIn(from));
  expect(await migrate(to)).toEqual([]);
});

it('a newer build’s backup is refused, and a database that is not empty', async () => {
  const newer = [...durableMigrations.map(({ number, name }) => ({ number, name })), { number: 99, name: 'to come' }];
  await expect(refuseUnlessEmpty(to, newer, 'read_v1')).rejects.toThrow(/migration 99 \(to come\), which this one/);
  await run(to, 'create schema read_v1');
  await expect(refuseUnlessEmpty(to, [], 'read_v1')).rejects.toThrow(DurableNotRestorable);
  await run(to, 'drop schema read_v1');
  await migrate(to);
  await expect(refuseUnlessEmpty(to, [], 'read_v1')).rejects.toThrow(/holds the schema durable/);
});
