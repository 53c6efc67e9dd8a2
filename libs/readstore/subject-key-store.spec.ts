import { createSecretKey, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Vault } from '#libs/vault/vault.js';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { type Database, openDatabase } from './database.js';
import { migrate } from './migrations.js';
import { PostgresSubjectKeys } from './subject-key-store.js';

let fresh: FreshDatabase;
let db: Database;
let store: PostgresSubjectKeys;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = openDatabase(fresh.url);
  await migrate(db);
  store = new PostgresSubjectKeys(db);
});
afterAll(async () => {
  await db.destroy();
  await fresh.drop();
});

const someKey = () => ({ kid: randomUUID(), wrapped: Buffer.from([1, 0, 255]) });

describe('subject keys in Postgres', () => {
  it('are made once, whoever comes at once', async () => {
    const others = new PostgresSubjectKeys(db);
    const keys = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? store : others).getOrCreate('user-a', someKey)),
    );
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
  });

  it('come back as they were stored, those that exist', async () => {
    const key = someKey();
    expect(await store.getOrCreate('user-b', () => key)).toEqual(key);
    const subjects = ['user-b', 'user-nobody', ...Array.from({ length: 40_000 }, (_, index) => `user-${index}`)];
    expect(await store.get(subjects)).toEqual(new Map([['user-b', key]]));
    expect(await store.get([])).toEqual(new Map());
  });

  it('serve a vault', async () => {
    const keys = { master: createSecretKey(Buffer.alloc(32, 1)), index: createSecretKey(Buffer.alloc(32, 2)) };
    const data = { userId: 'u', profileIndex: 'd', issuer: 'i', subject: 's', email: 'a@b', name: null };
    const event = { stream: 'user-c', id: randomUUID(), type: 'ProfileObserved' };
    const sealed = await new Vault(keys, store).seal({ ...event, data });
    const stored = { ...event, data: sealed, metadata: {}, revision: 0n, position: { commit: 1n, prepare: 1n } };
    expect((await new Vault(keys, store).open([stored]))[0]?.data).toEqual(data);
  });
});
