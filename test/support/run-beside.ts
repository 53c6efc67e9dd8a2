import { join } from 'node:path';
import { main } from '../../apps/cli/main.js';
import type { World } from './world.js';

/** A command of `tenantry`, over the stores of a world that runs. */
export async function runBeside(world: World, folder: string, argv: readonly string[]) {
  let out = '';
  let err = '';
  const environment = {
    DATA_DIR: join(folder, 'data'),
    KEY_DIR: world.config.keyDir,
    POSTGRES_URL: world.postgresUrl,
    EVENTSTORE_URL: world.node.connectionString,
  };
  const io = { environment, out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  return { code: await main(argv, io), out, err };
}
