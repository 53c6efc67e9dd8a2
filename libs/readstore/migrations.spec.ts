import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CompiledQuery } from 'kysely';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { type Database, openDatabase } from './database.js';
import { durableMigrations, migrate } from './migrations.js';

let database: FreshDatabase;
let db: Database;
beforeEach(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

const rows = async (sql: string) => (await db.executeQuery(CompiledQuery.raw(sql))).rows;
const next = durableMigrations.length + 1;
const another = { number: next, name: 'another', sql: 'create table durable.another (id text primary key)' };

it('is harmless to run twice', async () => {
  expect(await migrate(db)).toEqual(durableMigrations.map(({ number }) => number));
  await rows(`insert into durable.subject_keys (subject, kid, wrapped) values ('a', gen_random_uuid(), '\\x00')`);
  expect(await migrate(db)).toEqual([]);
  expect(await rows('select subject from durable.subject_keys')).toEqual([{ subject: 'a' }]);
});

it('is harmless to run many times at once', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => migrate(db)));
  expect(all.flat()).toEqual(durableMigrations.map(({ number }) => number));
});

it('adds what is new and leaves nothing half done', async () => {
  await migrate(db);
  const broken = { number: next + 1, name: 'broken', sql: 'create table durable.broken (nonsense)' };
  await expect(migrate(db, [...durableMigrations, another, broken])).rejects.toThrow();
  expect(await migrate(db, [...durableMigrations, another])).toEqual([next]);
});

it('refuses a database that a newer build has migrated', async () => {
  await migrate(db, [...durableMigrations, another]);
  await expect(migrate(db)).rejects.toMatchObject({ name: 'MigrationsDiverged' });
});
