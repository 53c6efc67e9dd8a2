import { parseArgs } from 'node:util';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { loadConfig } from '#libs/platform/config.js';
import { LogDiverged } from '#libs/readstore/checkpoints.js';
import type { BuildProgress } from '#libs/readstore/build.js';
import { rowCounts } from '#libs/readstore/compare-schemas.js';
import { openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { ReadSchemaOutdated } from '#libs/readstore/read-schema.js';
import { discard, rebuild as rebuildReadModels, type RebuildOptions, switchBack } from '#libs/readstore/rebuild.js';
import { RebuildRunning } from '#libs/readstore/rebuild-lock.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { Vault } from '#libs/vault/vault.js';
import { allProjections } from '#projections/all.js';
import type { Stores } from '../standalone/stores.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';
import { Progress } from './progress.js';
import { explained, stoppable } from './stoppable.js';
import { conclusion, described, table } from './rebuild-report.js';

const known = [StoresOutOfReach, RebuildRunning, ReadSchemaOutdated, LogDiverged];
const names = allProjections.map(({ name }) => name);

const help = `Usage: npx tenantry rebuild [projection] [--compare-only] [--fresh]
       npx tenantry rebuild --back

Builds the read models anew from the log of events beside the live ones, compares them row by row at one position of the
log, and puts them in their place at one stroke. The server may run and take commands meanwhile; without one, the
embedded stores are started for the command. Stopped or killed, the next rebuild goes on from there. Reads the same
variables as the server: DATA_DIR, KEY_DIR, EVENTSTORE_URL, POSTGRES_URL …

  projection      builds only this one, and leaves the others as they are:
                  ${names.slice(0, 4).join(', ')},
                  ${names.slice(4).join(', ')}
  --compare-only  leaves the live read models as they are; where rows differ, the rebuilt ones stay beside them
  --fresh         starts over, also where a stopped rebuild could go on
  --back          brings the read models before the last switch up to date, and puts them back in place
  --help          this text

Exit code: 0 the rows are equal, and the trees those of every signed checkpoint; 1 they differ or something failed, 2 wrongly
called.
`;

export const rebuild: Command = {
  async run(argv, io) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        'compare-only': { type: 'boolean', default: false },
        back: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const [only, ...more] = positionals;
    if (more.length > 0) throw new UsageError('Name one projection, or none for all of them.');
    if (only !== undefined && !names.includes(only)) throw new UsageError(`There is no projection ${only}.`);
    const { back, fresh } = values;
    if (back && (fresh || values['compare-only'] || only !== undefined))
      throw new UsageError('--back takes no projection and no other option.');
    return explained(io, known, () =>
      stoppable(io, (signal) => reached(io, { back, fresh, only, swap: !values['compare-only'], signal })),
    );
  },
};

interface Wanted extends Pick<RebuildOptions, 'fresh' | 'only' | 'swap' | 'signal'> {
  readonly back: boolean;
}

async function reached(io: Io, wanted: Wanted): Promise<number> {
  const stores = await reachStores(loadConfig(io.environment));
  try {
    return await overStores(stores, wanted, io);
  } finally {
    await stores.stop();
  }
}

async function overStores({ keys, eventStoreUrl, postgresUrl }: Stores, wanted: Wanted, io: Io): Promise<number> {
  const { back, ...rest } = wanted;
  const store = await EsdbEventStore.connect(eventStoreUrl);
  const db = openDatabase(postgresUrl);
  try {
    await migrate(db);
    const log = (line: string) => io.err(`${line}\n`);
    const personalData = new Vault(keys, new PostgresSubjectKeys(db), new MasterKeys(keys));
    const progress = new Progress(io);
    const onProgress = ({ events, share }: BuildProgress) => progress.tell('building', events, events / share);
    const options = {
      ...rest,
      db,
      store,
      personalData,
      projections: allProjections,
      log,
      onProgress,
    };
    const report = await (back ? switchBack(options) : rebuildReadModels(options));
    const { contradictions, differences, generation, swapped } = report;
    const counted = allProjections.filter(({ name }) => wanted.only === undefined || name === wanted.only);
    io.out(table(await rowCounts(db, generation.schema, counted), differences));
    for (const difference of differences ?? []) io.out(described(difference));
    io.out(`${conclusion(report, back)}\n`);
    for (const contradiction of contradictions) io.out(`${contradiction}; \`tenantry verify\` says more.\n`);
    const equal = differences?.length === 0;
    if (!swapped && equal) await discard(db, generation);
    const isSound = equal || (swapped && differences === undefined);
    return isSound && contradictions.length === 0 ? exitCodes.ok : exitCodes.failure;
  } finally {
    await db.destroy();
    await store.close();
  }
}
