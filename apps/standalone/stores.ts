import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { startNodeInWorker } from '#libs/embedded-eventstore/worker.js';
import { checkCertificateFiles } from '#libs/platform/ca-files.js';
import type { Config } from '#libs/platform/config.js';
import { lockDataDir } from '#libs/platform/data-dir-lock.js';
import { startPostgres } from '#libs/platform/embedded-postgres/embedded-postgres.js';
import { type Keys, loadKeys } from '#libs/platform/keys.js';
import { noteStores } from './running-stores.js';

/** The event store, the Postgres and the keys that the configuration names, embedded where no URL names another. */
export interface Stores {
  readonly keys: Keys;
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /** Never embedded: undefined where none is named. */
  readonly redisUrl?: string | undefined;
  stop(): Promise<void>;
}

/**
 * Takes the data folder for this process and starts what is embedded. Throws, with all parts stopped again, when one
 * cannot start; with code `data_dir_in_use` while another process has the folder.
 */
export async function openStores(config: Config, logger: Logger): Promise<Stores> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    await checkCertificateFiles(config);
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    const lock = await lockDataDir(config.dataDir);
    stops.push(() => lock.release());
    const [keys, postgresUrl, eventStoreUrl] = await all([
      loadKeys(config.keyDir, config.masterKey),
      config.postgresUrl?.reveal() ?? embeddedPostgres(config, logger, stops),
      config.eventStoreUrl?.reveal() ?? embeddedEventStore(config, stops),
    ]);
    stops.push(await noteStores(config.dataDir, { eventStoreUrl, postgresUrl }));
    return { keys, eventStoreUrl, postgresUrl, redisUrl: config.redisUrl?.reveal(), stop };
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
  const log = (line: string) => logger.debug({ postgres: line });
  const postgres = await startPostgres({ dataDir: join(config.dataDir, 'postgres'), log });
  stops.push(() => postgres.stop());
  return postgres.url;
}

async function embeddedEventStore(config: Config, stops: (() => Promise<unknown>)[]): Promise<string> {
  // In a thread of its own: measured against the same thread, commands are answered several times as fast.
  const node = await startNodeInWorker({ dataDir: join(config.dataDir, 'events') }, (error) => {
    // Nothing can be answered without the log: the process ends, and whoever runs it starts it again.
    throw error;
  });
  stops.push(() => node.stop());
  return node.connectionString;
}
