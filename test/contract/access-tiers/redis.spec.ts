import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisTier } from '#libs/access/redis/redis-tier.js';
import type { FollowedLog } from '#libs/access/redis/lineage.js';
import type { TierEvent } from '#libs/access/tier.js';
import { until } from '../../fault/projector-support.js';
import { type FreshRedis, freshRedis } from '../../support/redis.js';
import { describeCachingTier, expectTrue, truthOf } from './tier.contract.js';

const key = { stream: 'org-acme', kind: 'org', id: '' } as const;
const change = (revision: bigint, place: bigint) => ({
  stream: key.stream,
  from: revision,
  revision,
  upTo: { commit: place, prepare: place },
  touched: [],
  documents: new Map([['org|', { name: `Acme ${revision}` }]]),
});

const CONTENTS = 'a log and its read models';
const seen = { position: { commit: 5n, prepare: 5n }, id: 'the fifth' };
const log: FollowedLog = { seen: () => seen, holds: async ({ id }) => id === seen.id };

const tiers: RedisTier[] = [];
afterAll(() => Promise.all(tiers.map((tier) => tier.stop())));

async function ready(url: string, events: TierEvent[] = [], followed = log, contents = CONTENTS): Promise<RedisTier> {
  const tier = new RedisTier({ url, listener: (event) => events.push(event), answerWithinMs: 10_000 });
  tiers.push(tier);
  tier.use(contents, followed);
  await until(async () => {
    const before = events.length;
    await tier.load([key]);
    return !events.slice(before).includes('fallback');
  });
  return tier;
}

describe('the tier in Redis', () => {
  describeCachingTier(async () => {
    const redis = await freshRedis();
    const tier = await ready(redis.url);
    return {
      tier,
      advance: (truth, revision) => tier.apply(truth.change(revision, revision)),
      stop: async () => {
        await redis.drop();
      },
    };
  });
});

describe('what stands in Redis', () => {
  let redis: FreshRedis;
  let client: Redis;
  let tier: RedisTier;
  const events: TierEvent[] = [];
  beforeAll(async () => {
    redis = await freshRedis();
    client = new Redis(redis.url);
    tier = await ready(redis.url, events);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.drop();
  });
  const held = async (from = tier) => (await from.load([key]))[0];

  it('is one key per stream, tagged by it, that disappears by itself', async () => {
    await tier.apply(change(1n, 10n));
    const keys = await client.keys('*{*');
    expect(keys).toEqual([expect.stringMatching(/^tenantry:access:[0-9a-f]{16}:[0-9a-f-]{36}:\{org-acme\}$/)]);
    const ttl = await client.pttl(keys[0] ?? '');
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
  });

  it('is not believed by a process of another log or other read models', async () => {
    await tier.apply(change(1n, 10n));
    const other = await ready(redis.url, [], log, 'another log');
    expect(await held(other)).toBeUndefined();
    const same = await ready(redis.url);
    expect(await held(same)).toMatchObject({ revision: 1n });
    same.use(undefined, log);
    expect(await held(same)).toBeUndefined();
  });

  it('is not believed once the log was restored from before what is written there', async () => {
    const [third, fifth] = [3n, 5n].map((place) => ({
      position: { commit: place, prepare: place },
      id: `at ${place}`,
    }));
    if (third === undefined || fifth === undefined) throw new Error('no events');
    let present = third;
    const before = await ready(redis.url, [], { seen: () => present, holds: async () => true }, 'restored later');
    present = fifth;
    await before.apply(change(2n, 5n));
    expect(await held(before)).toMatchObject({ revision: 2n });
    // The backup holds the event at which the first process began, but not the one that it had followed to when it wrote.
    const backup: FollowedLog = { seen: () => third, holds: async ({ id }) => id === third.id };
    const after = await ready(redis.url, [], backup, 'restored later');
    expect(await held(after)).toBeUndefined();
    await after.apply(change(1n, 3n));
    expect(await held(after)).toMatchObject({ revision: 1n });
    // Whoever still follows the other line is not led astray, nor leads astray.
    await before.apply(change(3n, 6n));
    expect(await held(after)).toMatchObject({ revision: 1n });
  });

  it.each([
    ['more events at an earlier place', 2n, 5n],
    ['fewer events at a later place', 0n, 15n],
  ])('is dropped when it contradicts what is known now: %s', async (_, revision, place) => {
    await tier.drop(key.stream);
    await tier.apply(change(1n, 10n));
    await tier.apply(change(revision, place));
    expect(await held()).toBeUndefined();
  });

  it.each([
    ['no JSON', { '#revision': '0'.repeat(19) + 2, '#upTo': `${'0'.repeat(20)}/${'0'.repeat(20)}`, 'org|': '{' }],
    ['no revision', { '#upTo': `${'0'.repeat(20)}/${'0'.repeat(20)}`, 'org|': '{}' }],
    ['no number', { '#revision': 'x', '#upTo': `${'0'.repeat(20)}/${'0'.repeat(20)}`, 'org|': '{}' }],
    ['no position', { '#revision': '0'.repeat(20), '#upTo': 'x', 'org|': '{}' }],
  ])('is not believed where it does not read as it was written: %s', async (_, fields) => {
    for (const each of await client.keys('*{*')) await client.del(each);
    await tier.apply(change(1n, 10n));
    const [name = ''] = await client.keys('*{*');
    await client.del(name);
    await client.hset(name, fields);
    expect(await held()).toBeUndefined();
    await client.del(name);
    await client.set(name, 'another type');
    expect(await held()).toBeUndefined();
    await client.del(name);
    await tier.apply(change(1n, 10n));
    expect(await held()).toMatchObject({ revision: 1n });
  });

  it('may be an older dump: it is of the revision that it says', async () => {
    const truth = await truthOf(5);
    await tier.apply(truth.change(3n, 3n));
    const name = (await client.keys(`*{${truth.stream}}`))[0] ?? '';
    const dump = await client.dumpBuffer(name);
    await tier.apply(truth.change(3n, truth.last));
    await client.restore(name, 0, dump ?? '', 'REPLACE');
    const old = await tier.load(truth.keys);
    expect(expectTrue(truth, old)).toBe(truth.keys.length);
    expect(old[0]?.revision).toBe(3n);
    await tier.apply(truth.change(5n, 6n, []));
    expect(expectTrue(truth, await tier.load(truth.keys))).toBe(0);
  });

  it('says what it did: a drop where a change did not continue', async () => {
    await tier.drop(key.stream);
    await tier.apply(change(1n, 10n));
    events.length = 0;
    await tier.apply(change(5n, 50n));
    expect(events).toEqual(['drop']);
  });
});
