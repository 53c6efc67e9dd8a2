import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { SystemClock } from '#libs/platform/clock.js';
import type { Config } from '#libs/platform/config.js';
import { lockDataDir } from '#libs/platform/data-dir-lock.js';
import { startPostgres } from '#libs/platform/embedded-postgres/embedded-postgres.js';
import { loadKeys } from '#libs/platform/keys.js';
import { createApi } from '../api/create-api.js';
import { compose } from '../compose.js';

export interface Standalone {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Everything in one process: the API, the projector, and an embedded event store and Postgres where no URL names others.
 * Only the API's port is opened to clients. Throws, with all parts stopped again, when one cannot start.
 */
export async function startStandalone(config: Config, logger: Logger): Promise<Standalone> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    const lock = await lockDataDir(config.dataDir);
    stops.push(() => lock.release());
    const [keys, postgresUrl, eventStoreUrl] = await all([
      loadKeys(config.keyDir),
      config.postgresUrl?.reveal() ?? embeddedPostgres(config, logger, stops),
      config.eventStoreUrl?.reveal() ?? embeddedEventStore(config, stops),
    ]);
    const composition = await compose({ config, keys, eventStoreUrl, postgresUrl, clock: new SystemClock(), logger, project: true });
    stops.push(() => composition.stop());
    const api = await createApi(composition.services);
    stops.push(() => api.close());
    await api.listen(config.port, config.host);
    return { url: config.publicUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Like Promise.all, but waits for every part also when one fails: a part that comes up late could not be stopped. */
async function all<A, B, C>(parts: readonly [Promise<A> | A, Promise<B> | B, Promise<C> | C]): Promise<[A, B, C]> {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

async function embeddedPostgres(config: Config, logger: Logger, stops: (() => Promise<unknown>)[]): Promise<string> {
  const postgres = await startPostgres({ dataDir: join(config.dataDir, 'postgres'), log: (line) => logger.debug({ postgres: line }) });
  stops.push(() => postgres.stop());
  return postgres.url;
}

async function embeddedEventStore(config: Config, stops: (() => Promise<unknown>)[]): Promise<string> {
  const node = await startNode({ dataDir: join(config.dataDir, 'events') });
  stops.push(() => node.stop());
  return node.connectionString;
}
