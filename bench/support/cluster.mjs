import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../dist/libs/platform/embedded-postgres/embedded-postgres.js';
import { openDatabase } from '../../dist/libs/readstore/database.js';
import { CheckpointPosition } from '../../dist/libs/readstore/read-position.js';
import { startApp } from './app.mjs';
import { child } from './child.mjs';
import { startEventStore } from './event-store.mjs';
import { tokensOf } from './product.mjs';

const CAUGHT_UP_WITHIN_MS = 30 * 60_000;

/**
 * The product as it runs over stores that processes share: an event store node, a Postgres and, if asked for, a Redis,
 * each in processes of their own, and a projector. Apis are started by whoever measures them.
 */
export async function startCluster(folder, cleanUp, { redis = false } = {}) {
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  cleanUp(() => postgres.stop());
  const { store, connectionString, pid: nodePid } = await startEventStore(join(folder, 'events'), cleanUp);
  const redisUrl = redis ? await startRedis(join(folder, 'redis'), cleanUp) : '';
  // That an organization is parked or a projector stands by is no news here; a busy machine makes answers late, not 503.
  const env = {
    LOG_LEVEL: 'fatal',
    READ_WAIT_MS: '30000',
    EVENTSTORE_URL: connectionString,
    POSTGRES_URL: postgres.url,
    REDIS_URL: redisUrl,
  };
  const start = (name, more) => startApp(name, { folder, cleanUp, env: { ...env, ...more } });
  const projector = await start('projector');
  const db = openDatabase(postgres.url);
  cleanUp(() => db.destroy());
  const position = new CheckpointPosition(db);
  return {
    store,
    db,
    nodePid,
    postgresUrl: postgres.url,
    projector,
    tokenOf: await tokensOf(folder),
    /** `more` are settings of this one. */
    startApi: (more) => start('api', more),
    /** Until the read models hold all that is in the log now. */
    caughtUp: async () => {
      if (!(await position.reached(await store.head(), CAUGHT_UP_WITHIN_MS)))
        throw new Error('the read models fell behind');
    },
  };
}

async function startRedis(folder, cleanUp) {
  await mkdir(folder);
  const loader = fileURLToPath(new URL('../../test/support/run-ts.mjs', import.meta.url));
  const { process: redis } = child(new URL('./redis-process.mjs', import.meta.url), {
    env: { FOLDER: folder },
    args: ['--conditions=source', '--import', loader],
    cleanUp,
  });
  const [url] = await once(redis, 'message');
  return url;
}
