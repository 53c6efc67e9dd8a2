import { afterAll, beforeAll } from '@jest/globals';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { type FreshDatabase, freshDatabase } from './postgres.js';

/** A new database for the tests of a file or a `describe`: given before the first one, dropped after the last. */
export function useDatabase(given: (db: Database, url: string) => void): void {
  let fresh: FreshDatabase;
  let db: Database;
  beforeAll(async () => {
    fresh = await freshDatabase();
    db = openDatabase(fresh.url);
    given(db, fresh.url);
  });
  afterAll(async () => {
    await db.destroy();
    await fresh.drop();
  });
}
