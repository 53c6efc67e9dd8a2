import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Position } from '#libs/application/ports/event-store.js';
import type { TierName } from '#libs/access/tier.js';
import { freshRedis } from '../support/redis.js';
import { type Cluster, decisionOf, mayUse, organization, type Reader, startCluster } from './tiers-cluster.js';

/** 10,000 in the long form. */
const ROUNDS = Number(process.env.NEW_ENEMY_ROUNDS ?? 150);
const LANES = 8;
const PUBLISHED_STALENESS_MS = 5000;
const TIERS: readonly TierName[] = ['process', 'redis', 'postgres'];

describe('a person whose access was revoked', () => {
  let cluster: Cluster;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const redis = await freshRedis();
    cluster = await startCluster({ redisUrl: redis.url });
    stop = async () => {
      await cluster.stop();
      await redis.drop();
    };
  }, 60_000);
  afterAll(() => stop());

  it(`is denied whoever brings the revocation's token, on every node and tier, in ${ROUNDS} rounds`, async () => {
    const { readers } = cluster;
    const wrong: string[] = [];
    const lanes = await Promise.all([...Array(LANES).keys()].map((lane) => organization(cluster, `enemy-${lane}`, 2)));
    let rounds = 0;
    await Promise.all(
      lanes.map(async ({ people, grant, revoke }, lane) => {
        const orgId = `enemy-${lane}`;
        while (rounds < ROUNDS) {
          const round = rounds++;
          for (const person of people.slice(0, 1 + (round % 2))) {
            const askOne = async (reader: Reader, after: Position, expected: boolean) => {
              // The second time from the tier that the first one filled.
              for (const time of ['first', 'second']) {
                const seen = decisionOf(await mayUse(reader, person, orgId, 'live', after));
                if (seen !== expected) wrong.push(`${reader.name}, round ${round}, ${time} time: ${seen}`);
              }
            };
            // One process fills Redis for the others.
            const filling = round % 2 === 0 ? 'first' : 'second';
            const ask = async (after: Position, expected: boolean) => {
              await askOne(cluster.reader(filling), after, expected);
              await Promise.all(readers.map((reader) => askOne(reader, after, expected)));
            };
            // All tiers hold the allow when it is taken away, by the other process than the one that gave it.
            await ask(await grant(person, round % 2), true);
            await ask(await revoke(person, (round + 1) % 2), false);
          }
        }
      }),
    );
    expect(wrong).toEqual([]);
    for (const tier of TIERS) {
      const hits = await Promise.all(readers.map((reader) => reader.count(tier, 'hit')));
      expect(hits.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(ROUNDS / 10);
    }
    if (process.env.NEW_ENEMY_ROUNDS !== undefined) {
      const counts = readers.map(async (reader) => {
        const hits = await Promise.all(TIERS.map(async (tier) => `${tier} ${await reader.count(tier, 'hit')}`));
        return `${reader.name}: ${hits.join(', ')}`;
      });
      process.stderr.write(
        `${rounds} rounds, wrong answers ${wrong.length}; hits of ${(await Promise.all(counts)).join('; ')}\n`,
      );
    }
  }, 10_800_000);

  it('is denied without a token within the published staleness', async () => {
    const { readers } = cluster;
    const { people, grant, revoke } = await organization(cluster, 'late', 1);
    const [person] = people;
    if (person === undefined) throw new Error('nobody');
    const delays: number[] = [];
    for (let round = 0; round < Math.min(ROUNDS, 1000); round++) {
      const granted = await grant(person, round % 2);
      for (const reader of readers)
        expect(decisionOf(await mayUse(reader, person, 'late', 'live', granted))).toBe(true);
      await revoke(person, round % 2);
      const answered = performance.now();
      await Promise.all(
        readers.map(async (reader) => {
          // Answers from memory alone would never let the log's events in.
          while (decisionOf(await mayUse(reader, person, 'late', 'live')) === true) await setImmediate();
          delays.push(performance.now() - answered);
        }),
      );
    }
    delays.sort((a, b) => a - b);
    expect(delays.at(-1)).toBeLessThan(PUBLISHED_STALENESS_MS);
    const at = (part: number) => delays[Math.min(delays.length - 1, Math.floor(part * delays.length))]?.toFixed(1);
    if (process.env.NEW_ENEMY_ROUNDS !== undefined)
      process.stderr.write(`visible after ms: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} of ${delays.length}\n`);
  }, 10_800_000);
});
