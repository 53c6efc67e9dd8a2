import startServers, { stopServers } from '../support/global-setup.mjs';
import { long } from './long.js';

/**
 * The long form. It prints what it did, and ends with 1 if anything was not as the log says. What it does, unless these
 * say otherwise:
 *
 * - `CRASH_SEED` (random): of the sequences and kills. A mismatch names the sequence; `npm test -- test/crash/crash-sequences`
 *   (or `crash-faults`) repeats it with `CRASH_SEED` and `CRASH_SEQUENCE`.
 * - `CRASH_RUNS` (all): of each crash alone, each pair of them, and the same while a deployment starts; at most so many of each.
 * - `CRASH_SEQUENCES` (100,000) random ones, and `CRASH_FAULTY` (10,000) over an event store that fails as well.
 * - `CRASH_KILLS` (200): SIGKILLs of api, projector, Postgres and Redis.
 * - `NEW_ENEMY_ROUNDS` (10,000; 0 leaves out what follows): access is revoked, and then asked for with the answer's token.
 * - `REDIS_CUT_MS` and `STALL_MS` (60,000): how long Redis is cut off, and a projector stands still amid a batch.
 * - `CRASH_LANES` (two for each core): processes that crash at the same time.
 *
 * All of it in two minutes:
 *   CRASH_RUNS=20 CRASH_SEQUENCES=50 CRASH_FAULTY=20 CRASH_KILLS=6 NEW_ENEMY_ROUNDS=100 REDIS_CUT_MS=1500 STALL_MS=6000 \
 *     npm run test:long
 */
await startServers();
const right = await long().finally(stopServers);
process.exit(right ? 0 : 1);
