import { parseArgs } from 'node:util';
import { loadConfig } from '#libs/platform/config.js';
import { openDatabase } from '#libs/readstore/database.js';
import { PostgresErasedKeys } from '#libs/readstore/erased-keys.js';
import { migrate } from '#libs/readstore/migrations.js';
import { type Command, exitCodes } from './command.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';

const help = `Usage: npx tenantry erasures > erasures.jsonl

Prints every key that was destroyed because somebody was erased, as JSON lines: keyId, subject, person, erasedAt. No key is
in it, and no name. Keep the newest list apart from the backups: \`tenantry restore --erasures <file>\` destroys these keys in
what an older backup brings back. The server may run. Reads the same variables as the server: DATA_DIR, POSTGRES_URL …

Exit code: 0 printed, 1 failed, 2 wrongly called.
`;

export const erasures: Command = {
  async run(argv, io) {
    const { values } = parseArgs({ args: [...argv], options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    try {
      const stores = await reachStores(loadConfig(io.environment));
      const db = openDatabase(stores.postgresUrl);
      try {
        await migrate(db);
        for await (const key of new PostgresErasedKeys(db).all()) io.out(`${JSON.stringify(key)}\n`);
        return exitCodes.ok;
      } finally {
        await db.destroy();
        await stores.stop();
      }
    } catch (error) {
      if (!(error instanceof StoresOutOfReach)) throw error;
      io.err(`${error.message}\n`);
      return exitCodes.failure;
    }
  },
};
