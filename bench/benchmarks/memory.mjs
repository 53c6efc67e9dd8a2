import { join } from 'node:path';
import { pino } from 'pino';
import { compose } from '../../dist/apps/compose.js';
import { startNodeInWorker } from '../../dist/libs/embedded-eventstore/worker.js';
import { SystemClock } from '../../dist/libs/platform/clock.js';
import { loadConfig } from '../../dist/libs/platform/config.js';
import { startPostgres } from '../../dist/libs/platform/embedded-postgres/embedded-postgres.js';
import { loadKeys } from '../../dist/libs/platform/keys.js';
import { benchmark, rethrow } from '../support/benchmark.mjs';
import { membersOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ORGANIZATIONS = 100;
const PEOPLE = 1_000;
const WAIT_MS = 120_000;

const megabytes = (bytes) => bytes / 1024 / 1024;
function held() {
  global.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: megabytes(rss), heap: megabytes(heapUsed) };
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  cleanUp(() => postgres.stop());
  const node = await startNodeInWorker({ dataDir: join(folder, 'events') }, rethrow);
  cleanUp(() => node.stop());
  const config = loadConfig({ KEY_DIR: join(folder, 'keys'), DATA_DIR: join(folder, 'data') });
  const keys = await loadKeys(config.keyDir);
  const composition = await compose({
    config,
    keys,
    eventStoreUrl: node.connectionString,
    postgresUrl: postgres.url,
    clock: new SystemClock(),
    logger: pino({ level: 'silent' }),
    project: true,
  });
  cleanUp(() => composition.stop());
  const { store, pipeline, readPosition } = composition.services;
  const before = held();

  for (let i = 0; i < ORGANIZATIONS; i++) await fill(store, `org-${i}`, membersOf(`org-${i}`, PEOPLE));
  if (!(await readPosition.reached(await store.head(), WAIT_MS))) throw new Error('the read models fell behind');
  const projected = held();

  // A command of each owner folds each organization, and the fold stays.
  for (let i = 0; i < ORGANIZATIONS; i++) {
    const orgId = `org-${i}`;
    const steps = [{ name: 'CreateEnvironment', input: { environmentId: 'last', name: 'Last' } }];
    const caller = { id: `${orgId}-p0`, realm: 'default', credential: 'bench', token: {} };
    const { kind } = await pipeline.execute({
      orgId,
      steps,
      caller,
      idempotencyKey: undefined,
      dryRun: false,
      ifMatch: undefined,
      correlation: 'bench',
    });
    if (kind !== 'done') throw new Error(`the command of ${orgId} was ${kind}`);
  }
  const folded = held();
  const unit = 'MB';
  row({ name: 'at the start: heap', value: before.heap, unit });
  row({ name: 'at the start: resident', value: before.rss, unit });
  row({ name: 'in the log and the read models: heap', value: projected.heap, unit });
  row({ name: 'in the log and the read models: resident', value: projected.rss, unit });
  row({ name: 'and every organization folded: heap', value: folded.heap, unit });
  row({ name: 'and every organization folded: resident', value: folded.rss, unit });
  row({
    name: 'a membership in a fold',
    value: ((folded.heap - projected.heap) * 1024 * 1024) / (ORGANIZATIONS * PEOPLE),
    unit: 'bytes',
  });
});
