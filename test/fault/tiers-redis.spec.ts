import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { findRedis } from '../support/servers-find-redis.js';
import { startRedis } from '../support/servers-redis.js';
import { until } from './projector-support.js';
import { type Cluster, decisionOf, mayUse, organization, startCluster } from './tiers-cluster.js';
import { TcpProxy } from './tiers-proxy.js';

/** A minute in the long form. */
const CUT_MS = Number(process.env.REDIS_CUT_MS ?? 1500);
const orgId = 'acme';

/** The Redis of this test alone, since it is killed and replaced; what all processes and readers reach leads over the proxy. */
describe('a Redis that', () => {
  let folder: string;
  let servers: Awaited<ReturnType<typeof startRedis>>[];
  let proxy: TcpProxy;
  let cluster: Cluster;
  let acme: Awaited<ReturnType<typeof organization>>;

  const startServer = async () => {
    const server = await startRedis(await findRedis(), await mkdtemp(join(folder, 'redis-')));
    servers.push(server);
    return server;
  };
  const at = async <T>(use: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(servers.at(-1)?.url ?? '');
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  };

  beforeAll(async () => {
    servers = [];
    folder = await mkdtemp(join(tmpdir(), 'tenantry-redis-'));
    proxy = await TcpProxy.to((await startServer()).url);
    cluster = await startCluster({ redisUrl: proxy.url });
    acme = await organization(cluster, orgId, 3);
    await servesAgain();
  }, 90_000);
  afterEach(async () => {
    proxy.sent = '';
    proxy.delayMs = 0;
    proxy.open();
    await servesAgain();
  });
  afterAll(async () => {
    await cluster.stop();
    await proxy.stop();
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  let turn = 0;
  /** Changes one person's access and asks every reader, of whom none may answer from before. Answers the worst time of a check. */
  async function round(): Promise<number> {
    turn += 1;
    let worstMs = 0;
    const person = acme.people[turn % acme.people.length];
    if (person === undefined) throw new Error('nobody');
    for (const expected of [true, false]) {
      const after = await (expected ? acme.grant(person, turn % 2) : acme.revoke(person, turn % 2));
      for (const reader of cluster.readers) {
        const began = performance.now();
        const answer = await mayUse(reader, person, orgId, 'live', after);
        worstMs = Math.max(worstMs, performance.now() - began);
        if (decisionOf(answer) !== expected) throw new Error(`${reader.name} answers ${JSON.stringify(answer)}`);
      }
    }
    return worstMs;
  }

  /** Redis answers checks of both processes and of the reader that has nothing else. */
  async function servesAgain(): Promise<void> {
    for (const name of ['second', 'redis']) {
      const reader = cluster.reader(name);
      const before = await reader.count('redis', 'hit');
      await until(async () => {
        await round();
        return (await reader.count('redis', 'hit')) > before + 3;
      });
    }
  }
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++) await round();
  };

  it('is flushed, again and again, makes no answer wrong', async () => {
    for (let i = 0; i < 10; i++) {
      await at((client) => client.flushall());
      await round();
    }
  });

  it('forgets some of its keys makes no answer wrong', async () => {
    for (let i = 0; i < 20; i++) {
      await at(async (client) => {
        const key = await client.randomkey();
        if (key !== null) await client.del(key);
      });
      await round();
    }
  });

  it('is killed and started empty makes no answer wrong, and serves again', async () => {
    await servers.at(-1)?.stop();
    await rounds(3);
    proxy.lead((await startServer()).url);
    await rounds(3);
  });

  it('is replaced by an older dump makes no answer wrong', async () => {
    const dump = await at(async (client) => {
      const keys = await client.keys('*');
      return Promise.all(keys.map(async (key) => [key, await client.dumpBuffer(key)] as const));
    });
    expect(dump.length).toBeGreaterThan(0);
    for (let i = 0; i < 10; i++) {
      await rounds(1 + (i % 2));
      await at(async (client) => {
        await client.flushall();
        for (const [key, value] of dump) if (value !== null) await client.restore(key, 0, value);
      });
    }
    await round();
  });

  it('loses writes, and takes others late, makes no answer wrong', async () => {
    for (let i = 0; i < 20; i++) {
      // Longer than a command may take: what was sent arrives when nobody waits for it any more.
      proxy.delayMs = i % 3 === 0 ? 150 : 0;
      if (i % 5 === 4) proxy.refuse();
      await round();
      proxy.open();
    }
  });

  it('is slow costs the check that meets it a moment, and those after it nothing', async () => {
    const readers = ['first', 'second', 'redis'].map((name) => cluster.reader(name));
    const fallbacks = () => Promise.all(readers.map((reader) => reader.count('redis', 'fallback')));
    // Whoever still looks whether Redis is back would find that it is, and ask it once more.
    await until(async () => {
      const counts = await fallbacks();
      await round();
      return (await fallbacks()).every((count, index) => count === counts[index]);
    });
    proxy.delayMs = 400;
    const before = await fallbacks();
    await until(async () => {
      await round();
      return (await fallbacks()).every((count, index) => count > (before[index] ?? 0));
    });
    proxy.sent = '';
    const unasked = await fallbacks();
    await rounds(5);
    for (const [index, count] of (await fallbacks()).entries()) expect(count).toBeGreaterThan(unasked[index] ?? 0);
    expect(proxy.sent).not.toMatch(/hmget|eval/i);
  });

  it.each([
    ['breaks connections', () => proxy.refuse()],
    ['says nothing', () => proxy.silence()],
  ])(
    `is cut off for ${CUT_MS} ms and %s makes no answer wrong, and serves again`,
    async (how, cut) => {
      cut();
      const over = performance.now() + CUT_MS;
      while (performance.now() < over) await round();
      proxy.open();
      const opened = performance.now();
      await servesAgain();
      if (process.env.REDIS_CUT_MS !== undefined)
        process.stderr.write(`${how}: served again after ${Math.round(performance.now() - opened)} ms\n`);
    },
    300_000,
  );

  it('refuses writes makes no answer wrong, and is asked on', async () => {
    await at((client) => client.config('SET', 'maxmemory', '1'));
    await rounds(5);
    await at((client) => client.config('SET', 'maxmemory', '0'));
  });
});
