import { mkdir } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { EventStoreUnavailable, positionText } from '#libs/application/ports/event-store.js';
import { EsdbLog } from '#libs/eventstore/copy/esdb-log.js';
import { NotCopyable } from '#libs/eventstore/copy/survey.js';
import { readDurable } from '#libs/platform/backup/durable-tables.js';
import { copyKeys, isEmptyFolder, presentKeys } from '#libs/platform/backup/key-copy.js';
import { type FileSum, writeLines } from '#libs/platform/backup/lines-file.js';
import { LogFile, type LogSummary, summaryOf, writeLogFile } from '#libs/platform/backup/log-file.js';
import { fingerprintsOf, type Manifest, writeManifest } from '#libs/platform/backup/manifest.js';
import { type Config, loadConfig } from '#libs/platform/config.js';
import { KeysUnusable } from '#libs/platform/keys.js';
import { openDatabase } from '#libs/readstore/database.js';
import type { Stores } from '../standalone/stores.js';
import { durableFile, LOG_FILE } from './backup-files.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { count, Progress } from './progress.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';

const help = `Usage: npx tenantry backup --to <folder> [--with-keys <folder>]

Writes all that cannot be built again into a folder: the log of events, and what Postgres holds in the schema "durable"
(the keys of people, encrypted). The read models are left out: a restored deployment builds them from the log. The server
may run meanwhile. Reads the same variables as the server: DATA_DIR, KEY_DIR, EVENTSTORE_URL, POSTGRES_URL …

  --to <folder>         empty, or not there yet
  --with-keys <folder>  also copies the key files, to another folder that must not lie in the first: whoever holds both
                        can read everything. Without KEY_DIR's files no backup can be opened.
  --help                this text

Exit code: 0 written and read back, 1 failed, 2 wrongly called.
`;

export const backup: Command = {
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: { to: { type: 'string' }, 'with-keys': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    if (values.to === undefined) throw new UsageError('--to is needed: where shall the backup stand?');
    const [to, keysTo] = [resolve(values.to), values['with-keys'] && resolve(values['with-keys'])];
    const config = loadConfig(io.environment);
    await refuseFolders(to, keysTo, config);
    try {
      // Elsewhere than where the server runs they might be missing, and would be made anew: others than the backup's.
      await presentKeys(config.keyDir);
      const stores = await reachStores(config);
      try {
        const written = await write(stores, to, io);
        if (keysTo !== undefined && keysTo !== '') await copyKeys(config.keyDir, keysTo);
        io.out(told(written, to, keysTo, config));
        return exitCodes.ok;
      } finally {
        await stores.stop();
      }
    } catch (error) {
      const known = [StoresOutOfReach, NotCopyable, EventStoreUnavailable, KeysUnusable];
      if (!(error instanceof Error && known.some((kind) => error instanceof kind))) throw error;
      io.err(`No backup was made: ${error.message}\n`);
      return exitCodes.failure;
    }
  },
};

async function refuseFolders(to: string, keysTo: string | undefined, { dataDir, keyDir }: Config): Promise<void> {
  if (isWithin(dataDir, to)) throw new UsageError('--to must not lie in DATA_DIR');
  if (isWithin(keyDir, to) || isWithin(to, keyDir)) throw new UsageError('--to must be apart from KEY_DIR');
  if (!(await isEmptyFolder(to))) throw new UsageError(`--to: the folder ${to} is not empty`);
  if (keysTo === undefined) return;
  if (isWithin(to, keysTo) || isWithin(keysTo, to)) throw new UsageError('--with-keys must be apart from --to');
  if (!(await isEmptyFolder(keysTo))) throw new UsageError(`--with-keys: the folder ${keysTo} is not empty`);
}

/** The log first: whoever's key came into being before an event of the log has it in what is read after. */
async function write(
  { keys, eventStoreUrl, postgresUrl }: Pick<Stores, 'keys' | 'eventStoreUrl' | 'postgresUrl'>,
  to: string,
  io: Io,
): Promise<Omit<Manifest, 'format'>> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  const createdAt = new Date().toISOString();
  const { sum, log } = await writeLog(eventStoreUrl, join(to, LOG_FILE), io);
  const files = [{ name: LOG_FILE, ...sum }];
  const { durable, sums } = await writeDurable(postgresUrl, to);
  for (const [name, each] of sums) files.push({ name, ...each });
  const { last, ...counts } = log;
  const content = {
    createdAt,
    log: {
      ...counts,
      last: last === undefined ? null : { ...lastOf(last), position: positionText(last.position) },
    },
    durable,
    keys: fingerprintsOf(keys),
    files,
  };
  await writeManifest(to, content);
  return content;
}

const lastOf = ({ id, stream, revision }: NonNullable<LogSummary['last']>) => ({ id, stream, revision: `${revision}` });

async function writeLog(url: string, path: string, io: Io): Promise<{ sum: FileSum; log: LogSummary }> {
  const progress = new Progress(io);
  const source = new EsdbLog(url);
  try {
    const written = await writeLogFile(path, source, (events) => progress.tell('writing', events));
    const readBack = await summaryOf(new LogFile(path));
    if (readBack.sha256 !== written.log.sha256) throw new Error(`${path} does not hold what was written to it`);
    return written;
  } finally {
    await source.close();
  }
}

async function writeDurable(
  url: string,
  to: string,
): Promise<{ durable: Manifest['durable']; sums: Map<string, FileSum> }> {
  const db = openDatabase(url);
  const sums = new Map<string, FileSum>();
  const rows: Record<string, number> = {};
  try {
    return await readDurable(db, async (reader) => {
      for (const table of reader.tables) {
        rows[table] = 0;
        const counted = async function* () {
          for await (const page of reader.rows(table)) {
            rows[table] = (rows[table] ?? 0) + page.length;
            yield page;
          }
        };
        sums.set(durableFile(table), await writeLines(join(to, durableFile(table)), counted()));
      }
      return { durable: { migrations: [...reader.migrations], rows }, sums };
    });
  } finally {
    await db.destroy();
  }
}

function told(
  { log, durable }: Omit<Manifest, 'format'>,
  to: string,
  keysTo: string | undefined,
  { keyDir }: Config,
): string {
  const { last, events, streams, sha256 } = log;
  const rows = Object.entries(durable.rows).map(([table, each]) => `${count(each)} of ${table}`);
  const keys =
    keysTo === undefined
      ? `The keys in ${keyDir} are not in it: back them up elsewhere. Without them nobody can read people's data again.`
      : `The keys are in ${keysTo}: keep them apart from the backup.`;
  return `Backed up ${count(events)} events of ${count(streams)} streams, and durable rows: ${rows.join(', ')}.
  folder      ${to}
  sha256      ${sha256}
  last event  ${last === null ? 'none' : `${last.id} (${last.stream}, revision ${last.revision}) at ${last.position}`}
${keys}
`;
}

/** Whether the path is the folder, or below it. */
function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
