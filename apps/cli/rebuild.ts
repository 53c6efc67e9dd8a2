import { access } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { loadConfig } from '#libs/platform/config.js';
import { createLogger } from '#libs/platform/logging.js';
import type { SchemaDifference } from '#libs/readstore/compare-schemas.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { readSchemaState, run } from '#libs/readstore/read-schema.js';
import { rebuild as rebuildReadModels, type RebuildReport } from '#libs/readstore/rebuild.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { qualified, readSchema } from '#libs/readstore/table.js';
import { Vault } from '#libs/vault/vault.js';
import { allProjections } from '#projections/all.js';
import { openStores } from '../standalone/stores.js';
import { type Command, exitCodes, type Io } from './command.js';

const help = `Usage: npx tenantry rebuild [--compare-only]

Builds every read model anew from the log of events, compares it row by row with the live one, and puts it in its place.
Stop the server first. Reads the same variables as the server: DATA_DIR, KEY_DIR, EVENTSTORE_URL, POSTGRES_URL …

  --compare-only  leave the live read models as they are; where rows differ, the rebuilt ones stay in ${readSchema}_rebuild
  --help          this text

Exit code: 0 the rows are equal, 1 they differ or something failed, 2 wrongly called.
`;

const SHOWN_PER_TABLE = 3;

export const rebuild: Command = {
  summary: 'build the read models anew, compare and replace them',
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: { 'compare-only': { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const swap = !values['compare-only'];
    const stores = await stoppedStores(io);
    if (stores === undefined) return exitCodes.failure;
    try {
      return await overStores(stores, swap, io);
    } finally {
      await stores.stop();
    }
  },
};

type OpenStores = Awaited<ReturnType<typeof openStores>>;

/** Undefined, with the reason told, where a rebuild makes no sense now. */
async function stoppedStores(io: Io): Promise<OpenStores | undefined> {
  const config = loadConfig(io.environment);
  if (config.eventStoreUrl === undefined && !(await exists(config.dataDir))) {
    io.err(`There is nothing to rebuild: the data folder ${config.dataDir} does not exist. Is DATA_DIR right?\n`);
    return undefined;
  }
  try {
    return await openStores(config, createLogger('error'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'data_dir_in_use')) throw error;
    io.err(`A server is running on this data: stop it before the rebuild. ${error.message}\n`);
    return undefined;
  }
}

async function overStores({ keys, eventStoreUrl, postgresUrl }: OpenStores, swap: boolean, io: Io): Promise<number> {
  const store = await EsdbEventStore.connect(eventStoreUrl);
  const db = openDatabase(postgresUrl);
  try {
    await migrate(db);
    const before = await readSchemaState(db, allProjections, readSchema);
    const log = (line: string) => io.err(`${line}\n`);
    const personalData = new Vault(keys, new PostgresSubjectKeys(db));
    const report = await rebuildReadModels({ db, store, personalData, projections: allProjections, swap, log });
    const { differences } = report;
    const rebuilt = swap ? readSchema : `${readSchema}_rebuild`;
    io.out(table(await rowCounts(db, rebuilt), differences));
    for (const difference of differences ?? []) io.out(described(difference));
    io.out(`${conclusion(report, before === 'other')}\n`);
    const equal = differences?.length === 0;
    if (!swap && equal) await run(db, `drop schema if exists "${rebuilt}" cascade`);
    return equal || (swap && differences === undefined) ? exitCodes.ok : exitCodes.failure;
  } finally {
    await db.destroy();
    await store.close();
  }
}

const readTables = () => allProjections.flatMap(({ tables }) => tables.map(({ name }) => name)).sort();

async function rowCounts(db: Database, schema: string): Promise<Map<string, string>> {
  const counts = new Map<string, string>();
  for (const name of readTables()) {
    const { rows } = await run(db, `select count(*) as count from ${qualified(schema, name)}`);
    const [row] = rows;
    const count: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'count') : undefined;
    counts.set(name, String(count));
  }
  return counts;
}

function table(counts: ReadonlyMap<string, string>, differences: readonly SchemaDifference[] | undefined): string {
  const differing = new Map(differences?.map(({ table: name, count }) => [name, count]));
  const head = ['table', 'rebuilt rows', 'differing'];
  const body = [...counts].map(([name, count]) => [name, count, differences ? (differing.get(name) ?? '0') : '-']);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return `${[head, ...body].map(line).join('\n')}\n`;
}

function described({ table: name, count, first }: SchemaDifference): string {
  const rows = first.slice(0, SHOWN_PER_TABLE).map(({ key, live, rebuilt }) => {
    const lines = [`  live     ${JSON.stringify(live)}`, `  rebuilt  ${JSON.stringify(rebuilt)}`];
    return [`${name} ${JSON.stringify(key)}`, ...lines].join('\n');
  });
  const more = Number(count) - rows.length;
  return `\n${rows.join('\n')}\n${more > 0 ? `… and ${more} more in ${name}\n` : ''}`;
}

function conclusion({ events, position, differences, swapped }: RebuildReport, other: boolean): string {
  const built = `${events} events up to ${position ?? 'the start'}`;
  const became = swapped ? 'The rebuilt read models are in place.' : 'The live read models were left as they are.';
  if (differences === undefined) {
    const why = other ? 'the live read models were built by other projections' : 'there were no live read models';
    return `Rebuilt from ${built}; not compared, because ${why}. ${became}`;
  }
  const verdict = differences.length === 0 ? 'every row is equal' : `rows differ in ${differences.length} tables`;
  return `Rebuilt from ${built}: ${verdict}. ${became}`;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
