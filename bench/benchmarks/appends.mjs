import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startNodeInWorker } from '../../dist/libs/embedded-eventstore/worker.js';
import { openLmdbStore } from '../../dist/libs/embedded-eventstore/lmdb-store.js';
import { packRecord } from '../../dist/libs/embedded-eventstore/record.js';
import { EsdbEventStore } from '../../dist/libs/eventstore/esdb-event-store.js';
import { benchmark, inTurns, perSecond, rethrow } from '../support/benchmark.mjs';
import { toAppend } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const MANY = 50;
const ALONE = 300;
const TOGETHER = 4_000;

const event = { type: 'EnvironmentCreated', data: { environmentId: 'production', name: 'Production' } };

/** LMDB without client, protocol or rules: the same four tables, one durable commit per group of events. */
function lmdbWriter(store) {
  const sample = Buffer.from(JSON.stringify(toAppend('acme', event)));
  let position = store.nextPosition();
  return async (size) => {
    const events = [];
    const heads = new Map();
    for (let i = 0; i < size; i++) {
      const stream = `org-${randomUUID()}`;
      const record = packRecord(stream, event.type, sample);
      events.push({ streamNumber: position, revision: 0n, position, id: randomUUID().replaceAll('-', ''), record });
      heads.set(stream, { number: position, revision: 0n });
      position += BigInt(record.length);
    }
    await store.write({ events, heads });
  };
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const node = await startNodeInWorker({ dataDir: join(folder, 'node') }, rethrow);
  cleanUp(() => node.stop());
  const store = await EsdbEventStore.connect(node.connectionString);
  cleanUp(() => store.close());
  const lmdb = await openLmdbStore(join(folder, 'lmdb'));
  cleanUp(() => lmdb.close());

  const append = () => store.append(`org-${randomUUID()}`, -1n, [toAppend('acme', event)]);
  const write = lmdbWriter(lmdb);
  const seen = await inTurns(
    {
      one: () => perSecond(ALONE, 1, append),
      lmdbOne: () => perSecond(ALONE, 1, () => write(1)),
      many: () => perSecond(TOGETHER, MANY, append),
      lmdbMany: async () => MANY * (await perSecond(TOGETHER / MANY, 1, () => write(MANY))),
    },
    { rounds: 5 },
  );
  const unit = 'appends/s';
  row({ name: '1 in flight', value: seen.one, unit, baseline: seen.lmdbOne, against: 'LMDB, 1 per commit' });
  row({ name: '50 in flight', value: seen.many, unit, baseline: seen.lmdbMany, against: 'LMDB, 50 per commit' });
  row({
    name: '50 against 1 in flight',
    value: seen.many,
    unit,
    baseline: seen.one,
    goal: { of: 'ratio', atLeast: 3 },
  });
});
