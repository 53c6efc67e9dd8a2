import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/fast-check.js';
import { Redis } from 'ioredis';
import { SharedQuotas, type TokensWanted } from '#libs/access/redis/shared-quotas.js';
import { type FreshRedis, freshRedis } from '../../../test/support/redis.js';
import { charged, grant, left, type Quota, waitMs } from './bucket.js';
import { Buckets } from './buckets.js';

const quota: Quota = { tokens: 10, windowMs: 1000 };
const clock = { at: 1_700_000_000_000, now: () => clock.at };

const taking = async (buckets: Buckets, count: number, of = quota, name = 'a'): Promise<number> => {
  let taken = 0;
  for (let i = 0; i < count; i++) if ((await buckets.take(name, of, 1)).taken) taken += 1;
  return taken;
};

describe('a bucket', () => {
  it('gives its quota at once, and as much again over the window, evenly', () => {
    let fullAt: number | undefined;
    const take = (now: number) => {
      const granted = grant(fullAt, quota, now, { least: 1, most: 1 });
      fullAt = granted.fullAt;
      return granted.tokens;
    };
    expect(Array.from({ length: 11 }, () => take(0))).toEqual([...Array.from({ length: 10 }, () => 1), 0]);
    expect([take(99), take(100), take(100), take(300), take(300), take(300)]).toEqual([0, 1, 0, 1, 1, 0]);
    expect(left(fullAt, quota, 10_000)).toBe(10);
  });

  it('never gives more than quota and refill, whoever takes what when', () => {
    const step = fc.record({ after: fc.integer({ min: 0, max: 700 }), tokens: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        let [now, given, fullAt] = [0, 0, undefined as number | undefined];
        for (const { after, tokens } of steps) {
          now += after;
          const room = left(fullAt, quota, now);
          const granted = grant(fullAt, quota, now, { least: tokens, most: tokens });
          // All or nothing, and what was said to be left.
          expect(granted.tokens).toBe(tokens <= room ? tokens : 0);
          if (granted.tokens === 0 && tokens <= quota.tokens) {
            const wait = waitMs(granted.fullAt, quota, now, tokens);
            expect(left(granted.fullAt, quota, now + Math.ceil(wait))).toBeGreaterThanOrEqual(tokens);
          }
          fullAt = granted.fullAt;
          given += granted.tokens;
          expect(given).toBeLessThanOrEqual(quota.tokens + (now * quota.tokens) / quota.windowMs);
        }
      }),
    );
  });

  it('goes into debt by what is charged, and not beyond a window', () => {
    let fullAt = charged(undefined, quota, 0, 15);
    expect([left(fullAt, quota, 0), left(fullAt, quota, 500), left(fullAt, quota, 600)]).toEqual([0, 0, 1]);
    fullAt = charged(fullAt, quota, 0, 10_000);
    expect(left(fullAt, quota, 1_100)).toBe(1);
  });

  it('locks nobody out for long where the clock was set back', () => {
    const { fullAt } = grant(undefined, quota, 5_000_000, { least: 10, most: 10 });
    expect(left(fullAt, quota, 0)).toBe(0);
    const again = charged(fullAt, quota, 0, 0);
    expect(left(again, quota, 1_100)).toBe(1);
  });
});

describe('buckets of a process', () => {
  it('are one for each name, and forget who was not heard of for longest', async () => {
    const buckets = new Buckets(clock, undefined);
    expect([await taking(buckets, 12), await taking(buckets, 12, quota, 'b')]).toEqual([10, 10]);
    for (let i = 0; i < 50_000; i++) buckets.charge(`other ${i}`, quota, 1);
    expect(await taking(buckets, 12)).toBe(10);
  });
});

describe('buckets that processes share', () => {
  let redis: FreshRedis;
  const stops: (() => void)[] = [];
  beforeAll(async () => {
    redis = await freshRedis();
  });
  afterAll(async () => {
    for (const stop of stops) stop();
    await redis?.drop();
  });

  const shared = async (scope: string, url = redis.url) => {
    const quotas = new SharedQuotas({ url, scope, answerWithinMs: 5_000 });
    stops.push(() => quotas.stop());
    const probe = { ...quota, now: clock.at, least: 0, most: 0 };
    while (url === redis.url && (await quotas.take('probe', probe)) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return quotas;
  };

  it('in Redis are what they are in a process', async () => {
    const quotas = await shared('same');
    const step = fc.record({
      after: fc.integer({ min: 0, max: 700 }),
      least: fc.integer({ min: 1, max: 5 }),
      more: fc.integer({ min: 0, max: 9 }),
      forced: fc.boolean(),
    });
    let bucket = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        bucket += 1;
        let [now, fullAt] = [clock.at, undefined as number | undefined];
        for (const { after, least, more, forced } of steps) {
          now += after;
          const most = least + more;
          const wanted: TokensWanted = { ...quota, now, least, most, forced };
          const answer = await quotas.take(`bucket ${bucket}`, wanted);
          const expected = forced
            ? { tokens: most, fullAt: charged(fullAt, quota, now, most) }
            : grant(fullAt, quota, now, { least, most });
          expect(answer?.tokens).toBe(expected.tokens);
          expect(answer?.fullAt).toBeCloseTo(expected.fullAt, 2);
          fullAt = expected.fullAt;
        }
      }),
      { numRuns: 50 },
    );
  }, 60_000);

  it('give all processes together one quota, one by one and at once', async () => {
    const processes = await Promise.all([1, 2, 3].map(async () => new Buckets(clock, await shared('together'))));
    const large: Quota = { tokens: 1000, windowMs: 60_000 };
    const taken = await Promise.all(processes.map((buckets) => taking(buckets, 20)));
    expect(taken.reduce((sum, each) => sum + each)).toBe(10);
    const asking = processes.flatMap((buckets) =>
      Array.from({ length: 600 }, async () => buckets.take('large', large, 1)),
    );
    const answers = await Promise.all(asking);
    expect(answers.filter((answer) => answer.taken)).toHaveLength(1000);
  }, 60_000);

  it('ask Redis once for a hundredth of the quota', async () => {
    const quotas = await shared('leases');
    let asked = 0;
    const counting = {
      take: (...args: Parameters<SharedQuotas['take']>) => {
        asked += 1;
        return quotas.take(...args);
      },
    };
    const buckets = new Buckets(clock, counting);
    expect(await taking(buckets, 100, { tokens: 10_000, windowMs: 60_000 })).toBe(100);
    expect(asked).toBe(1);
  });

  it('give back what was taken for nothing, and do not keep for later what they took', async () => {
    const [one, other] = [new Buckets(clock, await shared('back')), new Buckets(clock, await shared('back'))];
    expect(await taking(other, 10)).toBe(10);
    clock.at += 50;
    expect(await taking(one, 10)).toBe(0);
    clock.at += 50;
    expect(await taking(one, 10)).toBe(1);
    const large: Quota = { tokens: 1000, windowMs: 60_000 };
    expect(await taking(one, 1, large, 'large')).toBe(1);
    clock.at += 60_000;
    expect((await taking(other, 1000, large, 'large')) + (await taking(one, 10, large, 'large'))).toBe(1000);
  });

  it('keep to what this process has counted while Redis is away, and never to none', async () => {
    const buckets = new Buckets(clock, await shared('away', 'redis://127.0.0.1:1'));
    expect(await taking(buckets, 25)).toBe(10);
    clock.at += 500;
    expect(await taking(buckets, 25)).toBe(5);
  });

  it('go on by this process alone once Redis is lost, and together again once it is back', async () => {
    const quotas = await shared('lost');
    let lost = false;
    const flaky = {
      take: (...args: Parameters<SharedQuotas['take']>) => (lost ? Promise.resolve(undefined) : quotas.take(...args)),
    };
    const [one, other] = [new Buckets(clock, flaky), new Buckets(clock, flaky)];
    expect(await taking(one, 6)).toBe(6);
    lost = true;
    expect([await taking(one, 20), await taking(other, 20)]).toEqual([4, 10]);
    lost = false;
    clock.at += 10_000;
    expect((await taking(one, 20)) + (await taking(other, 20))).toBe(10);
  });

  it('let a process know of what others were charged as soon as it is charged itself', async () => {
    const [one, other] = [new Buckets(clock, await shared('debt')), new Buckets(clock, await shared('debt'))];
    for (let i = 0; i < 10; i++) one.charge('a', quota, 1);
    // Which of two connections Redis hears first is not said: being charged nothing is asking again.
    for (let tokens = 1; other.look('a', quota).taken; tokens = 0) {
      other.charge('a', quota, tokens);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(one.look('a', quota).taken).toBe(false);
  });

  it('keep names out of Redis, and leave nothing there for longer than it counts', async () => {
    await new Buckets(clock, await shared('names')).take('commands default alice', quota, 1);
    const client = new Redis(redis.url);
    try {
      const keys = await client.keys('*');
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) {
        expect(key).not.toContain('alice');
        expect(await client.pttl(key)).toBeLessThanOrEqual(60_000 * 2);
        expect(await client.pttl(key)).not.toBe(-1);
      }
    } finally {
      client.disconnect();
    }
  });
});
