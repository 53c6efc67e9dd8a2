import { createHash } from 'node:crypto';
import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';

/** Number of the on-disk layout; a folder with another number is refused, never guessed at. */
const FORMAT = '1';
/** Well under LMDB's limit for keys (1978 bytes). */
const LONGEST_PLAIN_KEY = 500;

const FORMAT_KEY = Buffer.from('format');
const COUNTS_KEY = Buffer.from('counts');

type Table = Database<Buffer, Buffer>;

/** The tables on disk. The log is the truth; the three after it follow from it and can be built again. */
export interface Tables {
  readonly root: RootDatabase<Buffer, Buffer>;
  /** position -> record */
  readonly log: Table;
  /** stream number, revision -> position, id */
  readonly index: Table;
  /** stream name -> stream number, revision of the last event */
  readonly heads: Table;
  /** id -> stream number, revision */
  readonly ids: Table;
  readonly meta: Table;
}

/** How many entries the tables have, noted in every transaction: what a table has lost or has too many shows at open. */
export interface Counts {
  readonly events: number;
  readonly streams: number;
  readonly ids: number;
}

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** Opens or creates the tables of a folder. Throws for a folder that another version has written. */
export async function openTables(dataDir: string): Promise<Tables> {
  // `cache` and `compression` stay off: memory must not grow with the log.
  const root = open<Buffer, Buffer>({ path: dataDir, maxDbs: 8, noSubdir: false, ...binary });
  const table = (name: string): Table => root.openDB<Buffer, Buffer>(name, binary);
  const [log, index, heads, ids, meta] = [table('log'), table('index'), table('heads'), table('ids'), table('meta')];
  const format = meta.get(FORMAT_KEY)?.toString();
  if (format !== undefined && format !== FORMAT) {
    await root.close();
    throw new Error(`the event log in ${dataDir} has format ${format}; this version reads format ${FORMAT}`);
  }
  // Also forces to disk what a killed predecessor had committed but not flushed, before anything is answered from it.
  await meta.put(FORMAT_KEY, Buffer.from(FORMAT));
  await root.flushed;
  return { root, log, index, heads, ids, meta };
}

/** What the last transaction noted; undefined for a folder that has none, or whose rebuilding did not end. */
export function notedCounts({ meta }: Tables): Counts | undefined {
  const value = meta.get(COUNTS_KEY);
  const number = (at: number): number => Number(value?.readBigUInt64BE(at));
  return value && { events: number(0), streams: number(8), ids: number(16) };
}

/** Notes the counts; to be called within the transaction that changes them. */
export function noteCounts({ meta }: Tables, counts: Counts | undefined): void {
  if (counts) void meta.put(COUNTS_KEY, numbers(BigInt(counts.events), BigInt(counts.streams), BigInt(counts.ids)));
  else void meta.remove(COUNTS_KEY);
}

/** Entries that a table has; LMDB keeps this number. */
export function entries(table: Table): number {
  return (table.getStats() as { entryCount: number }).entryCount;
}

/** 64-bit numbers as a key or value that sorts by them. */
export function numbers(...all: readonly bigint[]): Buffer {
  const key = Buffer.allocUnsafe(8 * all.length);
  for (const [i, number] of all.entries()) key.writeBigUInt64BE(number, 8 * i);
  return key;
}

/** The key of a stream name of any length. */
export function nameKey(stream: string): Buffer {
  const name = Buffer.from(stream, 'utf8');
  if (name.length <= LONGEST_PLAIN_KEY) return Buffer.concat([Buffer.of(0), name]);
  return Buffer.concat([Buffer.of(1), createHash('sha256').update(name).digest()]);
}
