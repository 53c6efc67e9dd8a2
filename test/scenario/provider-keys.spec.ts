import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { clientSchemas } from '#libs/application/command-table.js';
import type { Step } from '#libs/application/command-request.js';
import { SecretSweep } from '#libs/application/secrets/secret-sweep.js';
import { Folds } from '#libs/application/folds.js';
import type { SecretReference } from '#libs/domain/org/fields.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { PostgresSecrets } from '#libs/readstore/secret-store.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { SecretVault } from '#libs/vault/secret-vault.js';
import { startWorld, type World } from '../support/world.js';
import { until } from '../fault/projector-support.js';

let world: World;
let db: Database;
let vault: SecretVault;
let olga: Caller;
const callers: Record<string, Caller> = {};

beforeAll(async () => {
  world = await startWorld({ processes: 2 });
  db = openDatabase(world.postgresUrl, { poolSize: 1 });
  vault = new SecretVault(new PostgresSecrets(db), new MasterKeys(world.keys));
  const root = await world.caller('root', { groups: ['operators'] });
  olga = await world.caller('olga');
  callers.root = root;
  for (const [orgId, ownerId] of [
    ['acme', 'olga'],
    ['other', 'otto'],
    ['ends', 'emma'],
  ] as const) {
    await world.send(root, undefined, { name: 'CreateOrg', input: { orgId, name: orgId, ownerId } });
    callers[ownerId] = await world.caller(ownerId);
  }
}, 60_000);
afterAll(async () => {
  await db?.destroy();
  await world?.stop();
});

type Named = 'AddProviderKey' | 'RotateProviderKey' | 'RemoveProviderKey';
// What a client sends, parsed as the API parses it: the rules' own type has the reference in the secret's place.
const step = (name: Named, input: object) => ({ name, input: clientSchemas[name].parse(input) }) as unknown as Step;
const key = (keyId: string, apiKey: string) => ({ keyId, provider: 'openai', name: 'OpenAI', credential: { apiKey } });

async function add(caller: Caller, orgId: string, keyId: string, apiKey: string, idempotencyKey?: string) {
  const options = idempotencyKey === undefined ? {} : { key: idempotencyKey };
  return world.send(caller, orgId, step('AddProviderKey', key(keyId, apiKey)), options);
}

async function referencesOf(orgId: string): Promise<SecretReference[]> {
  const events = await world.events(`org-${orgId}`);
  return events.flatMap(({ data }) => {
    const { credential } = data as { credential?: SecretReference };
    return credential === undefined ? [] : [credential];
  });
}
function storeOf({ nodes }: World) {
  const [node] = nodes;
  if (node === undefined) throw new Error('the world has no process');
  return node.services.store;
}
const keptOf = async (orgId: string) =>
  (await rowsOf<{ secret_id: string }>(db, `select secret_id from durable.secrets where org_id = $1`, [orgId])).map(
    ({ secret_id: id }) => id,
  );

describe('the credential of a provider key', () => {
  it('is kept before its event, which refers to it; a repeat under the same key keeps and appends nothing more', async () => {
    const first = await add(olga, 'acme', 'openai', 'sk-proj-of-acme-0001', 'k1');
    expect(first).toMatchObject({ kind: 'done', repeated: false });
    expect(await add(olga, 'acme', 'openai', 'sk-proj-of-acme-0001', 'k1')).toMatchObject({
      ...first,
      repeated: true,
    });
    const [reference, ...more] = await referencesOf('acme');
    expect(more).toEqual([]);
    expect(reference).toMatchObject({ lastFour: { apiKey: '0001' } });
    const secretId = String(reference?.secretId);
    expect(await keptOf('acme')).toEqual([secretId]);
    expect(await vault.open({ orgId: 'acme', secretId })).toEqual({ apiKey: 'sk-proj-of-acme-0001' });
  });

  it('is part of what an Idempotency-Key stands for', async () => {
    expect(await add(olga, 'acme', 'openai', 'sk-proj-of-acme-0002', 'k1')).toEqual({ kind: 'idempotency_mismatch' });
    expect(await keptOf('acme')).toHaveLength(1);
  });

  it('has a fingerprint that says nothing across organizations', async () => {
    await add(callers.otto as Caller, 'other', 'openai', 'sk-proj-of-acme-0001');
    const [[here], [there]] = await Promise.all([referencesOf('acme'), referencesOf('other')]);
    expect(there?.fingerprint).not.toBe(here?.fingerprint);
    expect(there?.secretId).not.toBe(here?.secretId);
  });

  it('is kept of nobody who may not, of no dry run, and of nothing that is refused', async () => {
    const before = await keptOf('acme');
    const stranger = await world.caller('stranger');
    expect(await add(stranger, 'acme', 'new', 'sk-of-a-stranger-0000')).toEqual({ kind: 'hidden' });
    expect(await add(olga, 'acme', 'openai', 'sk-that-differs-0000')).toMatchObject({ code: 'provider_key_exists' });
    const dry = await world.send(olga, 'acme', step('AddProviderKey', key('dry', 'sk-of-a-dry-run-0000')), {
      dryRun: true,
    });
    expect(dry).toMatchObject({
      kind: 'done',
      answer: { events: [{ data: { credential: { secretId: expect.anything() } } }] },
    });
    expect(JSON.stringify(dry, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(
      'sk-of-a-dry-run',
    );
    expect(await keptOf('acme')).toEqual(before);
  });

  it('is destroyed after it was rotated, and the new one is kept; so from any process', async () => {
    const rotated = await world.send(
      olga,
      'acme',
      step('RotateProviderKey', { keyId: 'openai', credential: { apiKey: 'sk-proj-rotated-0003' } }),
      { on: 1 },
    );
    expect(rotated.kind).toBe('done');
    const secretId = String((await referencesOf('acme')).at(-1)?.secretId);
    await until(async () => (await keptOf('acme')).length === 1);
    expect(await keptOf('acme')).toEqual([secretId]);
    expect(await vault.open({ orgId: 'acme', secretId })).toEqual({ apiKey: 'sk-proj-rotated-0003' });
  }, 30_000);

  it('is destroyed with its key, and with its organization', async () => {
    const emma = callers.emma as Caller;
    await add(emma, 'ends', 'one', 'sk-of-the-first-0001');
    await add(emma, 'ends', 'two', 'sk-of-the-second-0002');
    await world.send(emma, 'ends', step('RemoveProviderKey', { keyId: 'one' }));
    await until(async () => (await keptOf('ends')).length === 1);
    await world.send(callers.root as Caller, 'ends', { name: 'DeleteOrg', input: {} });
    await until(async () => (await keptOf('ends')).length === 0);
    expect(await keptOf('acme')).toHaveLength(1);
  }, 30_000);

  it('is swept where its event never came, for whatever reason', async () => {
    const orphan = { orgId: 'other', secretId: '7b1c9f9e-8c5b-4a57-9d0c-3a2a54e0a001' };
    await vault.keep(orphan, { apiKey: 'sk-that-never-came' }, 0n);
    const sweep = new SecretSweep(new Folds(storeOf(world)), vault);
    expect(await sweep.round()).toBe(0);
    expect(await sweep.round(-1000)).toBe(1);
    expect(await vault.open(orphan)).toBeUndefined();
    expect(await keptOf('other')).toHaveLength(1);
  });

  it('is asked for by no event that came without one', async () => {
    const { credential: _, ...rest } = key('forged', '');
    const [reference] = await referencesOf('other');
    const forged = { name: 'AddProviderKey', input: { ...rest, credential: reference } } as unknown as Step;
    await expect(world.send(olga, 'acme', forged)).rejects.toThrow('refers to a secret that nobody has brought');
    expect(clientSchemas.AddProviderKey.safeParse({ ...rest, credential: reference }).success).toBe(false);
  });
});
