import startServers, { stopServers } from '../support/global-setup.mjs';
import { long } from './long.js';

/**
 * The long form: every crash, every pair, many random sequences, many kills. `CRASH_SEED` repeats a run's sequences,
 * `CRASH_SEQUENCES` and `CRASH_KILLS` say how many. Ends with 1 if anything is not as the log says:
 *   node --conditions=source --import ./test/support/run-ts.mjs test/crash/run-long.mjs
 */
await startServers();
const right = await long().finally(stopServers);
process.exit(right ? 0 : 1);
