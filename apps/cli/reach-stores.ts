import { access } from 'node:fs/promises';
import type { Config } from '#libs/platform/config.js';
import { loadKeys } from '#libs/platform/keys.js';
import { createLogger } from '#libs/platform/logging.js';
import { storesOf } from '../standalone/running-stores.js';
import { openStores, type Stores } from '../standalone/stores.js';

/** There are no stores to work on, or they cannot be reached now; the message says what to do. */
export class StoresOutOfReach extends Error {
  override readonly name = 'StoresOutOfReach';
}

/**
 * The stores of the server that runs on this data folder, or where none runs, started for this command. `stop` ends only
 * what was started here. Throws StoresOutOfReach.
 */
export async function reachStores(config: Config): Promise<Stores> {
  if (config.eventStoreUrl === undefined && !(await isThere(config.dataDir)))
    throw new StoresOutOfReach(
      `there are no data: the data folder ${config.dataDir} does not exist. Is DATA_DIR right?`,
    );
  try {
    return await openStores(config, createLogger('error'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'data_dir_in_use')) throw error;
    const running = await storesOf(config.dataDir, 'pid' in error ? error.pid : undefined);
    if (running === undefined)
      throw new StoresOutOfReach(`${error.message} It is still starting, or it is another command: try again.`);
    return { ...running, keys: await loadKeys(config.keyDir, config.masterKey), stop: async () => {} };
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
