import { mkdir, mkdtemp, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { TargetDiffers } from '#libs/eventstore/copy/compare.js';
import { type CopyReport, copyLog } from '#libs/eventstore/copy/copy-log.js';
import { EsdbLog } from '#libs/eventstore/copy/esdb-log.js';
import { DurableNotRestorable, refuseUnlessEmpty, restoreDurable } from '#libs/platform/backup/durable-tables.js';
import { copyKeys, isEmptyFolder, presentKeys } from '#libs/platform/backup/key-copy.js';
import { readLines } from '#libs/platform/backup/lines-file.js';
import { LogFile } from '#libs/platform/backup/log-file.js';
import { BackupUnusable, type Manifest, opens, verifiedManifest } from '#libs/platform/backup/manifest.js';
import { type Config, loadConfig } from '#libs/platform/config.js';
import { KeysUnusable } from '#libs/platform/keys.js';
import { createLogger } from '#libs/platform/logging.js';
import { openDatabase } from '#libs/readstore/database.js';
import { type ErasedKey, erasedKey, PostgresErasedKeys } from '#libs/readstore/erased-keys.js';
import { migrate } from '#libs/readstore/migrations.js';
import { readSchema } from '#libs/readstore/table.js';
import { openStores, type Stores } from '../standalone/stores.js';
import { durableFile, LOG_FILE } from './backup-files.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { count, Progress } from './progress.js';

const help = `Usage: npx tenantry restore --from <folder> [--keys <folder>] [--erasures <file>] [--verify-only]

Makes a new deployment from a backup: DATA_DIR must not exist yet, or be empty; an event store and a Postgres that URLs
name must be empty. The next start builds the read models from the log. Reads the same variables as the server: DATA_DIR,
KEY_DIR, EVENTSTORE_URL, POSTGRES_URL …

  --from <folder>  what \`tenantry backup\` wrote; every file is checked before anything is made
  --keys <folder>  copies the key files from there to KEY_DIR, which must be empty. Without it KEY_DIR must hold them.
  --erasures <file>  what \`tenantry erasures\` has listed since: these keys are destroyed in what is restored, so that
                   nobody who was erased after the backup comes back
  --verify-only    checks the files, and makes nothing
  --help           this text

Exit code: 0 restored, 1 refused or failed, 2 wrongly called.
`;

/** Nothing is wrong with the program: the sentence says it all. */
const explained = [BackupUnusable, DurableNotRestorable, KeysUnusable, TargetDiffers, EventStoreUnavailable];

export const restore: Command = {
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        from: { type: 'string' },
        keys: { type: 'string' },
        erasures: { type: 'string' },
        'verify-only': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    if (values.from === undefined) throw new UsageError('--from is needed: where does the backup stand?');
    const from = resolve(values.from);
    try {
      const manifest = await verifiedManifest(from);
      if (values['verify-only']) io.out(`Every file of ${from} is as it was written. It holds ${held(manifest)}.\n`);
      else {
        // Read before anything is made: a wrong list must not be found out afterwards.
        const erased = values.erasures === undefined ? [] : await erasedIn(resolve(values.erasures));
        await restoreFrom({ from, manifest, erased }, values.keys && resolve(values.keys), io);
      }
      return exitCodes.ok;
    } catch (error) {
      if (!(error instanceof Error && explained.some((kind) => error instanceof kind))) throw error;
      io.err(`Not restored: ${error.message}\n`);
      return exitCodes.failure;
    }
  },
};

interface Restored {
  readonly from: string;
  readonly manifest: Manifest;
  readonly erased: readonly ErasedKey[];
}

async function erasedIn(file: string): Promise<readonly ErasedKey[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, i) => {
    const parsed = erasedKey.safeParse(jsonOf(line));
    if (!parsed.success) throw new BackupUnusable(`line ${i + 1} of ${file} is none that \`tenantry erasures\` wrote`);
    return parsed.data;
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function restoreFrom(restored: Restored, keysFrom: string | undefined, io: Io): Promise<void> {
  const { manifest, erased } = restored;
  const config = loadConfig(io.environment);
  await refuseKeys(manifest, config.keyDir, keysFrom);
  if (!(await isEmptyFolder(config.dataDir)))
    throw new BackupUnusable(`the data folder ${config.dataDir} is not empty: a backup is restored into a new one`);
  if (keysFrom !== undefined && keysFrom !== '') await copyKeys(keysFrom, config.keyDir);
  const report = await inNewFolder(config, (dataDir) => fill({ ...config, dataDir }, restored, io));
  io.out(`Restored ${held(manifest)}.
Compared ${count(report.total)} events with the backup: all are equal, in the same order.
The next start builds the read models from them. What came after the last event is not there: clients that hold a
Consistency-Token of the former log are answered foreign_token and drop it.
${erased.length === 0 ? '' : `${count(erased.length)} keys of erased people are destroyed.\n`}`);
}

/** The keys are told by their fingerprints before anything is made: with others, people's data would not open. */
async function refuseKeys(manifest: Manifest, keyDir: string, keysFrom: string | undefined): Promise<void> {
  if (keysFrom !== undefined && !(await isEmptyFolder(keyDir)))
    throw new KeysUnusable(`KEY_DIR ${keyDir} is not empty: keys are never overwritten. Leave --keys out to use them.`);
  const folder = keysFrom ?? keyDir;
  if (!opens(await presentKeys(folder), manifest.keys))
    throw new KeysUnusable(
      `The keys in ${folder} are not those of this backup: people's data in it would stay closed.`,
    );
}

/** Everything is made beside DATA_DIR, which appears once all of it is there: no server starts on a part. */
async function inNewFolder<T>({ dataDir }: Config, task: (folder: string) => Promise<T>): Promise<T> {
  const parent = dirname(dataDir);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, `${basename(dataDir)}.restoring-`));
  try {
    const done = await task(folder);
    await rmdir(dataDir).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
    await rename(folder, dataDir);
    return done;
  } catch (error) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}

async function fill(config: Config, { from, manifest, erased }: Restored, io: Io): Promise<CopyReport> {
  const stores = await openStores(config, createLogger('error'));
  try {
    const db = openDatabase(stores.postgresUrl);
    try {
      await refuseUnlessEmpty(db, manifest.durable.migrations, readSchema);
      const report = await restoreLog(stores, config, from, manifest, io);
      const tables = Object.keys(manifest.durable.rows);
      const pages = new Map(tables.map((table) => [table, readLines(join(from, durableFile(table)))]));
      const counts = await restoreDurable(db, manifest.durable.migrations, pages);
      for (const [table, rows] of Object.entries(manifest.durable.rows))
        if (counts.get(table) !== rows)
          throw new BackupUnusable(`${counts.get(table)} rows of ${table} were restored instead of ${rows}`);
      await migrate(db);
      const keys = new PostgresErasedKeys(db);
      for (const { person, keyId } of erased) await keys.destroyIds(person, [keyId]);
      return report;
    } finally {
      await db.destroy();
    }
  } finally {
    await stores.stop();
  }
}

async function restoreLog(
  { eventStoreUrl }: Stores,
  config: Config,
  from: string,
  manifest: Manifest,
  io: Io,
): Promise<CopyReport> {
  const progress = new Progress(io);
  const target = new EsdbLog(eventStoreUrl, { decidesInOrder: config.eventStoreUrl === undefined });
  try {
    const report = await copyLog(new LogFile(join(from, LOG_FILE)), target, ({ phase, events, total }) =>
      progress.tell(phase, events, total),
    );
    if (report.digest !== manifest.log.sha256 || report.total !== manifest.log.events)
      throw new BackupUnusable(`the file ${join(from, LOG_FILE)} does not hold the log that the manifest tells of`);
    return report;
  } finally {
    await target.close();
  }
}

function held({ createdAt, log, durable }: Manifest): string {
  const rows = Object.entries(durable.rows).map(([table, each]) => `${count(each)} of ${table}`);
  const last =
    log.last === null ? '' : `, the last being ${log.last.id} (${log.last.stream}, revision ${log.last.revision})`;
  return `${count(log.events)} events of ${count(log.streams)} streams${last}, and durable rows (${rows.join(', ')}), as of ${createdAt}`;
}
