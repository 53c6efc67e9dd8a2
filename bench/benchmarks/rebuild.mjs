import { join } from 'node:path';
import { startNodeInWorker } from '../../dist/libs/embedded-eventstore/worker.js';
import { EsdbEventStore } from '../../dist/libs/eventstore/esdb-event-store.js';
import { startPostgres } from '../../dist/libs/platform/embedded-postgres/embedded-postgres.js';
import { openDatabase } from '../../dist/libs/readstore/database.js';
import { rebuild } from '../../dist/libs/readstore/rebuild.js';
import { run } from '../../dist/libs/readstore/sql.js';
import { createIndexes, createTable } from '../../dist/libs/readstore/table.js';
import { allProjections } from '../../dist/projections/all.js';
import { benchmark, inTurns, processorMs, rethrow } from '../support/benchmark.mjs';
import { eventsOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

/** A million takes a quarter of an hour: BENCH_REBUILD_EVENTS=100000,1000000. */
const SIZES = (process.env.BENCH_REBUILD_EVENTS ?? '100000').split(',').map(Number);
const PEOPLE = 250;
const COPIED = 'bench_copy';

/** Nothing personal stands in an organization's events. */
const personalData = { open: (events) => Promise.resolve(events) };
const tables = allProjections.flatMap((projection) => projection.tables);

/** The rows of the last rebuild, which Postgres itself reads from files into empty tables with the same indexes. */
async function copy({ db, from, files }) {
  const fileOf = (name) => `'${join(files, `bench-${name}.copy`)}'`;
  for (const { name } of tables) await run(db, `copy "${from}"."${name}" to ${fileOf(name)} (format binary)`);
  await run(db, `drop schema if exists "${COPIED}" cascade`);
  await run(db, `create schema "${COPIED}"`);
  for (const table of tables)
    for (const statement of [createTable(COPIED, table), ...createIndexes(COPIED, table)]) await run(db, statement);
  const began = performance.now();
  await db.transaction().execute(async (tx) => {
    for (const { name } of tables) await run(tx, `copy "${COPIED}"."${name}" from ${fileOf(name)} (format binary)`);
  });
  return performance.now() - began;
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
  const { rows: settings } = await run(db, `select current_setting('data_directory') as files`);
  const files = settings[0].files;

  let count = 0;
  let organizations = 0;
  let first;
  for (const size of SIZES) {
    while (count < size) {
      const name = `org-${organizations++}`;
      const events = eventsOf(name, PEOPLE);
      await fill(store, name, events);
      count += events.length;
    }
    let from = '';
    let spent = 0;
    const seen = await inTurns(
      {
        rebuild: async () => {
          const [began, before] = [performance.now(), await processorMs()];
          const { generation } = await rebuild({ db, store, personalData, projections: allProjections, fresh: true });
          from = generation.schema;
          spent = (await processorMs()) - before;
          return (count / (performance.now() - began)) * 1000;
        },
        copy: async () => (count / (await copy({ db, from, files }))) * 1000,
      },
      count > 200_000 ? { rounds: 1, warmUp: 0 } : { rounds: 2 },
    );
    const unit = 'events/s';
    const goal = { of: 'ratio', atLeast: 0.7 };
    row({ name: `${count} events`, value: seen.rebuild, unit, baseline: seen.copy, against: 'COPY of its rows', goal });
    const note = 'of this process, the node included, Postgres not';
    row({ name: '– per second of processor time', value: (count / spent) * 1000, unit, note });
    if (first !== undefined)
      row({
        name: `${count} against ${first.count} events`,
        value: seen.rebuild,
        unit,
        baseline: first.rate,
        goal: { of: 'ratio', atLeast: 0.8 },
      });
    first ??= { count, rate: seen.rebuild };
  }
});
