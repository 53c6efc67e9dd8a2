import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './database.js';
import { rowsOf, run } from './sql.js';

/** Another process rebuilds these read models. */
export class RebuildRunning extends Error {
  override readonly name = 'RebuildRunning';
}

/** Any number that nothing else locks. */
const REBUILD_LOCK = 1_690_733_217;
const POLL_MS = 250;

/**
 * Runs the task while no other rebuild of the schema runs; waits for one at most `waitMs`, which also covers a killed one
 * whose connection Postgres has not given up yet. Throws RebuildRunning. The lock ends with the process.
 */
export async function withRebuildLock<T>(
  db: Database,
  { schema, waitMs }: { schema: string; waitMs: number },
  task: () => Promise<T>,
): Promise<T> {
  const key = [REBUILD_LOCK, schema];
  return db.connection().execute(async (connection) => {
    for (const deadline = performance.now() + waitMs; ; await sleep(POLL_MS)) {
      const sql = 'select pg_try_advisory_lock($1, hashtext($2)) as taken';
      const [row] = await rowsOf<{ taken: boolean }>(connection, sql, key);
      if (row?.taken === true) break;
      if (performance.now() > deadline) throw new RebuildRunning(`another rebuild of ${schema} is running`);
    }
    try {
      return await task();
    } finally {
      await run(connection, 'select pg_advisory_unlock($1, hashtext($2))', key).catch(() => undefined);
    }
  });
}
