import { createSecretKey, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
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
  it('are made once, whoever comes at once and in whatever order', async () => {
    const subjectsOf = (round: number) => Array.from({ length: 5000 }, (_, index) => `user-${round}-${index}`);
    for (let round = 0; round < 3; round++) {
      const subjects = subjectsOf(round);
      const made = await Promise.all(
        Array.from({ length: 4 }, (_, index) =>
          new PostgresSubjectKeys(db).getOrCreate(index % 2 ? subjects : subjects.toReversed(), async () => someKey()),
        ),
      );
      const kids = made.map((keys) => subjects.map((subject) => keys.get(subject)?.kid));
      expect(new Set(kids.flat()).size).toBe(5000);
      expect(new Set(kids.map((each) => each.join())).size).toBe(1);
    }
  });

  it('are made for those who have none, beside those who have', async () => {
    const [present, added] = [someKey(), someKey()];
    await store.getOrCreate(['user-old'], async () => present);
    const keys = await store.getOrCreate(['user-new', 'user-old'], async () => added);
    expect([keys.get('user-old'), keys.get('user-new'), keys.size]).toEqual([present, added, 2]);
  });

  it('come back as they were stored, those that exist', async () => {
    const key = someKey();
    expect(await store.getOrCreate(['user-b'], async () => key)).toEqual(new Map([['user-b', key]]));
    const subjects = ['user-b', 'user-nobody', ...Array.from({ length: 40_000 }, (_, index) => `user-${index}`)];
    expect(await store.get(subjects)).toEqual(new Map([['user-b', key]]));
    expect(await store.get([])).toEqual(new Map());
  });

  it('serve a vault', async () => {
    const keys = { master: createSecretKey(Buffer.alloc(32, 1)), index: createSecretKey(Buffer.alloc(32, 2)) };
    const data = { userId: 'u', profileIndex: 'd', issuer: 'i', subject: 's', email: 'a@b', name: null };
    const event = { stream: 'user-c', id: randomUUID(), type: 'ProfileObserved' };
    const stored = { ...event, data, metadata: {}, revision: 0n, position: { commit: 1n, prepare: 1n } };
    const sealed = await new Vault(keys, store, new MasterKeys(keys)).seal([stored]);
    expect(JSON.stringify(sealed.map((event) => event.data))).not.toContain('a@b');
    expect(await new Vault(keys, store, new MasterKeys(keys)).open(sealed)).toEqual([stored]);
  });
});
