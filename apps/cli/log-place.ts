import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startNodeInWorker } from '#libs/embedded-eventstore/worker.js';
import { EsdbLog } from '#libs/eventstore/copy/esdb-log.js';
import { UsageError } from './command.js';

/** A log that a person named: the URL of a store, or the folder of an embedded one, which is opened for as long as needed. */
export interface LogPlace {
  readonly log: EsdbLog;
  /** As a server would be told of it. */
  readonly name: string;
  readonly isFolder: boolean;
  close(): Promise<void>;
}

const url = /^esdb(?:\+discover)?:\/\//;
const DATA_FILE = 'data.mdb';

/** Throws UsageError unless the two name different logs that can be there. Touches nothing. */
export async function checkPlaces(from: string, to: string): Promise<void> {
  if (named(from) === named(to)) throw new UsageError('--from and --to name the same log');
  if (!url.test(from) && !(await exists(join(from, DATA_FILE)))) {
    const below = (await exists(join(from, 'events', DATA_FILE))) ? `: did you mean ${join(from, 'events')}?` : '';
    throw new UsageError(`--from: there is no event log in the folder ${resolve(from)}${below}`);
  }
  if (url.test(to) || (await exists(join(to, DATA_FILE)))) return;
  const [entry] = await readdir(to).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new UsageError(`--to: the folder ${resolve(to)} cannot be read`);
  });
  if (entry !== undefined)
    throw new UsageError(`--to: the folder ${resolve(to)} holds other things than an event log, such as ${entry}`);
}

/** Throws with code `data_dir_in_use` for the folder of a running server. */
export async function openPlace(place: string): Promise<LogPlace> {
  if (url.test(place)) {
    const log = new EsdbLog(place);
    return { log, name: withoutPassword(place), isFolder: false, close: () => log.close() };
  }
  const name = resolve(place);
  await mkdir(name, { recursive: true, mode: 0o700 });
  const node = await startNodeInWorker({ dataDir: name }, (error) => {
    // Nothing can be copied without the log: the process ends, and the next run goes on from what is there.
    throw error;
  });
  const log = new EsdbLog(node.connectionString, { decidesInOrder: true });
  return { log, name, isFolder: true, close: () => log.close().then(() => node.stop()) };
}

const named = (place: string) => (url.test(place) ? place : resolve(place));
const withoutPassword = (place: string) => place.replace(/\/\/[^@/]*@/, '//…@');

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
