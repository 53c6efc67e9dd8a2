import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { startPostgres } from '../../libs/platform/embedded-postgres/embedded-postgres.js';
import { findRedis } from './servers-find-redis.js';
import { findRoom } from './servers-room.js';
import { startRedis } from './servers-redis.js';

/**
 * Runs beside Jest: starts what the environment does not name, tells the URLs and where the specs' temporary folders go,
 * ends and removes all of it with its parent.
 */

interface Running {
  readonly url: string;
  readonly what: string;
  stop(): Promise<void>;
}

const began = performance.now();
const folder = await mkdtemp(join(await findRoom(), 'tenantry-test-'));
const temporary = join(folder, 'tmp');
await mkdir(temporary);
// For every user, as any folder for temporary files: some specs run what they test as another one.
await chmod(folder, 0o755);
await chmod(temporary, 0o1777);
/** A database that the first spec that needs it makes. */
const postgresTemplate = `test_${process.pid}_template`;
const starting = [postgres(), redis()] as const;

let ending: Promise<void> | undefined;

async function end(): Promise<void> {
  for (const server of await Promise.allSettled(starting)) {
    if (server.status === 'fulfilled') await server.value.stop();
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

function endOnce(exitCode: number): void {
  ending ??= end().finally(() => process.exit(exitCode));
}

process.on('disconnect', () => endOnce(0));
process.on('SIGTERM', () => endOnce(0));
process.on('SIGINT', () => endOnce(0));

try {
  const [{ url: postgresUrl, what: aPostgres }, { url: redisUrl, what: aRedis }] = await Promise.all(starting);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stderr.write(`Tests run against ${aPostgres} and ${aRedis} (ready in ${seconds} s)\n`);
  process.send?.({ postgresUrl, postgresTemplate, redisUrl, temporary });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  endOnce(1);
}

async function postgres(): Promise<Running> {
  const given = process.env.POSTGRES_URL;
  if (given === undefined || given === '') {
    const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
    return { url: server.url, what: 'the embedded Postgres', stop: () => server.stop() };
  }
  const client = new Client(given);
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`POSTGRES_URL names a Postgres that does not answer: ${String(error)}`);
  }
  await client.end();
  const stop = async () => {
    const last = new Client(given);
    await last.connect();
    await last.query(`DROP DATABASE IF EXISTS ${postgresTemplate}`).finally(() => last.end());
  };
  return { url: given, what: 'the Postgres of POSTGRES_URL', stop };
}

async function redis(): Promise<Running> {
  const given = process.env.REDIS_URL;
  if (given === undefined || given === '') {
    const found = await findRedis();
    const server = await startRedis(found, folder);
    return { url: server.url, what: `a Redis ${found.origin}`, stop: () => server.stop() };
  }
  const client = new Redis(given, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw new Error(`REDIS_URL names a Redis that does not answer: ${String(error)}`);
  } finally {
    client.disconnect();
  }
  return { url: given, what: 'the Redis of REDIS_URL', stop: async () => {} };
}
