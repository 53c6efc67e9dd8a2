import { join } from 'node:path';
import { startNodeInWorker } from '../../dist/libs/embedded-eventstore/worker.js';
import { EsdbEventStore } from '../../dist/libs/eventstore/esdb-event-store.js';
import { startPostgres } from '../../dist/libs/platform/embedded-postgres/embedded-postgres.js';
import { comparePositions } from '../../dist/libs/application/ports/event-store.js';
import { openDatabase } from '../../dist/libs/readstore/database.js';
import { Projector } from '../../dist/libs/readstore/projector.js';
import { run } from '../../dist/libs/readstore/sql.js';
import { allProjections } from '../../dist/projections/all.js';
import { benchmark, inTurns, median, processorMs, rethrow } from '../support/benchmark.mjs';
import { eventsOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ORGANIZATIONS = 24;
const PEOPLE = 250;
const LIVE = 'bench_live';

/** Nothing personal stands in an organization's events. */
const personalData = { open: (events) => Promise.resolve(events) };

const perSecondSince = (count, began) => (count / (performance.now() - began)) * 1000;

/** A projector that starts on a full log and stops at its end, in batches as when it follows. */
async function live({ db, store, head, count }) {
  await run(db, `drop schema if exists "${LIVE}" cascade`);
  const projector = new Projector({ store, db, projections: allProjections, personalData, schema: LIVE });
  const reached = new Promise((resolve) => {
    projector.onCommitted((position) => comparePositions(position, head) >= 0 && resolve());
  });
  const began = performance.now();
  projector.start();
  await reached;
  const rate = perSecondSince(count, began);
  await projector.stop();
  return rate;
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  cleanUp(() => postgres.stop());
  const db = openDatabase(postgres.url);
  cleanUp(() => db.destroy());
  const node = await startNodeInWorker({ dataDir: join(folder, 'events') }, rethrow);
  cleanUp(() => node.stop());
  const store = await EsdbEventStore.connect(node.connectionString);
  cleanUp(() => store.close());

  let count = 0;
  for (let i = 0; i < ORGANIZATIONS; i++) {
    const events = eventsOf(`org-${i}`, PEOPLE);
    await fill(store, `org-${i}`, events);
    count += events.length;
  }
  const head = await store.head();
  const spent = [];
  const seen = await inTurns(
    {
      live: async () => {
        const before = await processorMs();
        const rate = await live({ db, store, head, count });
        if (before !== undefined) spent.push((await processorMs()) - before);
        return rate;
      },
      read: () => readOnly(store, head, count),
    },
    { rounds: 3 },
  );
  const note = `${count} events; the log is read from a node in a thread of its own, as the standalone does`;
  const unit = 'events/s';
  row({ name: 'live, catching up', value: seen.live, unit, goal: { of: 'value', atLeast: 10_000 }, note });
  if (spent.length > 0) {
    const value = (count / median(spent)) * 1000;
    row({
      name: 'live, per second of processor time',
      value,
      unit,
      note: 'of this process, the node included, Postgres not',
    });
  }
  row({ name: 'only reading the log', value: seen.read, unit });
});

/** The subscription without any projection: what no projector can be faster than. */
async function readOnly(store, head, count) {
  const stop = new AbortController();
  const began = performance.now();
  for await (const batch of store.follow(undefined, stop.signal))
    if (comparePositions(batch.at(-1).position, head) >= 0) stop.abort();
  return perSecondSince(count, began);
}
