import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import type { Position } from '#libs/application/ports/event-store.js';
import type { TierName } from '#libs/access/tier.js';
import { freshRedis } from '../support/redis.js';
import { until } from './projector-support.js';
import { type Cluster, decisionOf, mayUse, organization, type Reader, startCluster } from './tiers-cluster.js';

const orgId = 'acme';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Nothing happens in the log at the edges: only the clock moves. */
describe('what begins and ends by the clock, in every tier', () => {
  let cluster: Cluster;
  let acme: Awaited<ReturnType<typeof organization>>;
  let stop: () => Promise<void>;
  let last: Position;
  beforeAll(async () => {
    const redis = await freshRedis();
    cluster = await startCluster({ redisUrl: redis.url });
    stop = async () => {
      await cluster.stop();
      await redis.drop();
    };
    acme = await organization(cluster, orgId, 2);
  }, 90_000);
  afterAll(() => stop());

  /** Asks until the tier has answered; what it answers is the same every time. Others are asked between, to make room. */
  async function from<T>(tier: TierName, ask: (reader: Reader) => Promise<T>, between: typeof ask): Promise<T> {
    const reader = cluster.reader(tier === 'process' ? 'second' : tier);
    const seen = new Set<T>();
    await until(async () => {
      if (tier !== 'process') await between(reader);
      const before = await reader.count(tier, 'hit');
      seen.add(await ask(reader));
      return (await reader.count(tier, 'hit')) > before;
    });
    expect(seen.size).toBe(1);
    return [...seen][0] as T;
  }

  const tiers: readonly TierName[] = ['process', 'redis', 'postgres'];

  it.each(tiers)('%s: a grant holds from its begin on and before its end, exactly', async (tier) => {
    const [person, other] = acme.people as [Caller, Caller];
    const base = cluster.clock.at;
    const window = { notBefore: base + HOUR, notAfter: base + 2 * HOUR };
    last = await cluster.run(acme.owner, orgId, {
      name: 'GrantEnvironmentAccess',
      input: {
        environmentId: 'live',
        grantee: { type: 'user', id: person.id },
        notBefore: new Date(window.notBefore).toISOString(),
        notAfter: new Date(window.notAfter).toISOString(),
      },
    });
    const asking = (caller: Caller) => async (reader: Reader) =>
      decisionOf(await mayUse(reader, caller, orgId, 'live', last));
    for (const [at, expected] of [
      [base, false],
      [window.notBefore - 1, false],
      [window.notBefore, true],
      [window.notAfter - 1, true],
      [window.notAfter, false],
      [window.notBefore, true],
    ] as const) {
      cluster.clock.at = at;
      expect([at - base, await from(tier, asking(person), asking(other))]).toEqual([at - base, expected]);
    }
    cluster.clock.at = window.notAfter;
    await acme.revoke(person);
  });

  it.each(tiers)('%s: observed claims lapse at their maximum age, exactly', async (tier) => {
    const admin = await cluster.caller(`admin-${tier}`, ['operators']);
    const observed = cluster.clock.at;
    const other = await cluster.caller(`other-${tier}`, ['operators']);
    await acme.grant(acme.people[1] as Caller);
    last = await acme.revoke(acme.people[1] as Caller);
    const asking = (caller: Caller) => async (reader: Reader) =>
      decisionOf(
        await reader.checks.evaluate(caller, {
          principal: { type: 'user', id: caller.id },
          action: 'org:create',
          resource: { kind: 'realm' },
          at: undefined,
          after: last,
          explain: false,
        }),
      );
    // Whoever is asked between needs more documents than there is room for.
    const between = async (reader: Reader) => {
      for (const person of acme.people) await mayUse(reader, person, orgId, 'live', last);
      return asking(other)(reader);
    };
    for (const [at, expected] of [
      [observed, true],
      [observed + DAY - 1, true],
      [observed + DAY, false],
      [observed + DAY - 1, true],
    ] as const) {
      cluster.clock.at = at;
      expect([at - observed, await from(tier, asking(admin), between)]).toEqual([at - observed, expected]);
    }
  });
});
