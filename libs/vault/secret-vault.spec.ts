import { createSecretKey, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { PostgresSecrets } from '#libs/readstore/secret-store.js';
import { rowsOf, run } from '#libs/readstore/sql.js';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { MasterKeys } from './key-wrapping.js';
import { rewrapAll } from './rewrap.js';
import { SecretUnreadable, SecretVault } from './secret-vault.js';

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = openDatabase(fresh.url);
  await migrate(db);
});
afterAll(async () => {
  await db.destroy();
  await fresh.drop();
});

const key = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const vaultUnder = (byte: number) => new SecretVault(new PostgresSecrets(db), new MasterKeys({ master: key(byte) }));
const bedrock = { accessKeyId: 'AKIA-EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/EXAMPLEKEY', region: 'eu-central-1' };
const placeOf = (orgId: string) => ({ orgId, secretId: randomUUID() });
const destroyed = async (vault: SecretVault, place: ReturnType<typeof placeOf>) =>
  (await vault.open(place)) === undefined;

describe('secrets of organizations', () => {
  it('come back as they were kept, all fields of them (C24), and only to whom they belong', async () => {
    const place = placeOf('a');
    await vaultUnder(1).keep(place, bedrock, 3n);
    expect(await vaultUnder(1).open(place)).toEqual(bedrock);
    expect(await vaultUnder(1).open({ ...place, orgId: 'b' })).toBeUndefined();
    expect(await vaultUnder(1).open(placeOf('a'))).toBeUndefined();
  });

  it('stand in the database under a data key of their own, and open nowhere else', async () => {
    const [place, other] = [placeOf('sealed'), placeOf('sealed')];
    for (const each of [place, other]) await vaultUnder(1).keep(each, bedrock, 0n);
    const rows = await rowsOf<{ text: string; kid: string }>(
      db,
      `select to_jsonb(s)::text as text, kid from durable.secrets s where org_id = 'sealed'`,
    );
    expect(new Set(rows.map(({ kid }) => kid)).size).toBe(2);
    for (const { text } of rows) for (const value of Object.values(bedrock)) expect(text).not.toContain(value);
    await run(
      db,
      `update durable.secrets s set sealed = o.sealed, kid = o.kid, wrapped = o.wrapped from durable.secrets o
        where s.secret_id = $1 and o.secret_id = $2`,
      [place.secretId, other.secretId],
    );
    await expect(vaultUnder(1).open(place)).rejects.toThrow(SecretUnreadable);
    await expect(vaultUnder(2).open(other)).rejects.toThrow(SecretUnreadable);
  });

  it('go on under a new master key, which a running process reads by itself', async () => {
    const place = placeOf('rotated');
    const store = new PostgresSecrets(db);
    const rotated = { master: key(3), formerMasters: [key(1)] };
    await run(db, `delete from durable.secrets`);
    await vaultUnder(1).keep(place, bedrock, 0n);
    const running = new SecretVault(store, new MasterKeys({ master: key(1) }, async () => rotated));
    expect(await rewrapAll(store, new MasterKeys(rotated), 1)).toEqual({ keys: 1, rewrapped: 1 });
    expect(await rewrapAll(store, new MasterKeys(rotated), 1)).toEqual({ keys: 1, rewrapped: 0 });
    expect(await running.open(place)).toEqual(bedrock);
    expect(await vaultUnder(3).open(place)).toEqual(bedrock);
    await expect(vaultUnder(1).open(place)).rejects.toThrow(SecretUnreadable);
  });

  it('are destroyed once nothing refers to them, but not what may be on its way', async () => {
    const vault = vaultUnder(1);
    const [live, old, onItsWay, elsewhere] = [placeOf('c'), placeOf('c'), placeOf('c'), placeOf('d')];
    await vault.keep(live, bedrock, 1n);
    await vault.keep(old, bedrock, 2n);
    await vault.keep(onItsWay, bedrock, 7n);
    await vault.keep(elsewhere, bedrock, 1n);
    expect(await vault.destroyExcept('c', new Set([live.secretId]), 7n)).toBe(1);
    expect(await Promise.all([live, old, onItsWay, elsewhere].map((place) => destroyed(vault, place)))).toEqual([
      false,
      true,
      false,
      false,
    ]);
    // Whoever lost at that revision tries again at a later one.
    await vault.keep(onItsWay, bedrock, 8n);
    expect(await vault.destroyExcept('c', new Set([live.secretId]), 8n)).toBe(0);
    expect(await vault.destroyExcept('c', new Set([live.secretId]), 9n)).toBe(1);
  });

  it('are swept where their event never came, and never where it has', async () => {
    const vault = vaultUnder(1);
    const [came, never, young] = [placeOf('e'), placeOf('e'), placeOf('e')];
    for (const place of [came, never, young]) await vault.keep(place, bedrock, 1n);
    const aged = `update durable.secrets set kept_at = kept_at - interval '2 hours' where secret_id = any($1::uuid[])`;
    await run(db, aged, [[came.secretId, never.secretId]]);
    expect(await vault.unconfirmed(3_600_000)).toEqual(['e']);
    expect(await vault.destroyUnconfirmed('e', new Set([came.secretId]), 3_600_000)).toBe(1);
    expect(await Promise.all([came, never, young].map((place) => destroyed(vault, place)))).toEqual([
      false,
      true,
      false,
    ]);
    expect(await vault.unconfirmed(3_600_000)).toEqual([]);
  });
});
