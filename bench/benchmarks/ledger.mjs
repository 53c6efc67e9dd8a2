import { join } from 'node:path';
import { leafOf } from '../../dist/libs/application/ledger/leaf.js';
import { comparePositions } from '../../dist/libs/application/ports/event-store.js';
import { startNodeInWorker } from '../../dist/libs/embedded-eventstore/worker.js';
import { EsdbEventStore } from '../../dist/libs/eventstore/esdb-event-store.js';
import { TreeEdge } from '../../dist/libs/ledger/edge.js';
import { leafHash } from '../../dist/libs/ledger/hashes.js';
import { startPostgres } from '../../dist/libs/platform/embedded-postgres/embedded-postgres.js';
import { openDatabase } from '../../dist/libs/readstore/database.js';
import { Projector } from '../../dist/libs/readstore/projector.js';
import { rowsOf, run } from '../../dist/libs/readstore/sql.js';
import { allProjections } from '../../dist/projections/all.js';
import { benchmark, inTurns, processorMs, rethrow } from '../support/benchmark.mjs';
import { eventsOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ORGANIZATIONS = 12;
const PEOPLE = 250;
const SCHEMA = 'bench_ledger';

/** Nothing personal stands in an organization's events. */
const personalData = { open: (events) => Promise.resolve(events) };

/**
 * Milliseconds of processor time, this process's and its one Postgres session's, until a projector that starts on a full
 * log has come to its end.
 */
async function caughtUp({ db, store, head }, projections) {
  await run(db, `drop schema if exists "${SCHEMA}" cascade`);
  const [{ pid }] = await rowsOf(db, 'select pg_backend_pid() as pid');
  const used = async () => (await processorMs()) + (await processorMs(pid));
  const projector = new Projector({ store, db, projections, personalData, schema: SCHEMA });
  const reached = new Promise((resolve) => {
    projector.onCommitted((position) => comparePositions(position, head) >= 0 && resolve());
  });
  const before = await used();
  projector.start();
  await reached;
  const ms = (await used()) - before;
  await projector.stop();
  return ms;
}

/** Leaves per second, without any store. */
function leavesPerSecond(events) {
  const edge = TreeEdge.empty();
  const began = performance.now();
  for (const event of events) edge.append(leafHash(leafOf(event)));
  return (events.length / (performance.now() - began)) * 1000;
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  cleanUp(() => postgres.stop());
  const db = openDatabase(postgres.url, { poolSize: 1 });
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
  const log = { db, store, head: await store.head() };
  const events = [];
  for await (const page of store.read('org-org-0', 0n)) events.push(...page);
  const others = allProjections.filter(({ name }) => name !== 'ledger');
  const seen = await inTurns(
    {
      computed: () => leavesPerSecond(events),
      withTrees: () => caughtUp(log, allProjections),
      without: () => caughtUp(log, others),
    },
    { rounds: 5 },
  );
  row({ name: 'leaves, computed alone', value: seen.computed, unit: 'leaves/s' });
  row({
    name: "share of the projector's processor time",
    value: (100 * (seen.withTrees - seen.without)) / seen.withTrees,
    unit: '%',
    goal: { of: 'value', atMost: 10 },
    note: `${count} events, ${seen.withTrees} ms with trees and ${seen.without} without, Postgres and the node's thread included`,
  });
});
