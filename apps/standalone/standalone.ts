import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import { SystemClock } from '#libs/platform/clock.js';
import type { Config } from '#libs/platform/config.js';
import { createApi } from '../api/create-api.js';
import { compose } from '../compose.js';
import { drained, listen } from '../serving.js';
import { openStores } from './stores.js';

export interface Standalone {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Everything in one process: the API, the projector, and an embedded event store and Postgres where no URL names others.
 * Only the API's port is opened to clients. Throws, with all parts stopped again, when one cannot start.
 */
export async function startStandalone(given: Config, logger: Logger): Promise<Standalone> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const stores = await openStores(given, logger);
    stops.push(() => stores.stop());
    const config = given.port === 0 ? await withFreePort(given) : given;
    const composition = await compose({ config, ...stores, clock: new SystemClock(), logger, project: true });
    stops.push(() => composition.stop());
    const api = await createApi(composition.services);
    stops.push(() => drained(api, composition.services.drain, config.drainMs));
    await listen(config, () => api.listen(config.port, config.host));
    return { url: config.publicUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Links name the port, so it has to be known before the API is made. */
async function withFreePort(config: Config): Promise<Config> {
  const probe = createServer().listen(0, config.host);
  await once(probe, 'listening');
  const address = probe.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => probe.close(resolve));
  return { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) };
}
