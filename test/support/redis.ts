import { Redis } from 'ioredis';

export interface FreshRedis {
  readonly url: string;
  drop(): Promise<void>;
}

const CLAIMED_FOR_SECONDS = 3_600;

/** An empty logical database of the run's Redis, for this caller alone. What others keep in the same Redis is not touched. */
export async function freshRedis(): Promise<FreshRedis> {
  const server = process.env.TEST_REDIS_URL;
  if (server === undefined)
    throw new Error('TEST_REDIS_URL is not set: run the tests by Jest, whose global setup sets it');
  const client = new Redis(server, { db: 0 });
  try {
    for (let db = 1; ; db++) {
      const claim = `tenantry:test:claim:${db}`;
      if ((await client.set(claim, process.pid, 'EX', CLAIMED_FOR_SECONDS, 'NX')) === null) continue;
      const url = new URL(server);
      url.pathname = `/${db}`;
      if (await isEmpty(url.href)) return { url: url.href, drop: () => drop(server, db, claim) };
      await client.del(claim);
    }
  } finally {
    client.disconnect();
  }
}

async function isEmpty(url: string): Promise<boolean> {
  const client = new Redis(url, { retryStrategy: null });
  try {
    return (await client.dbsize()) === 0;
  } finally {
    client.disconnect();
  }
}

async function drop(server: string, db: number, claim: string): Promise<void> {
  const client = new Redis(server, { db });
  try {
    await client.flushdb();
    await client.select(0);
    await client.del(claim);
  } finally {
    client.disconnect();
  }
}
