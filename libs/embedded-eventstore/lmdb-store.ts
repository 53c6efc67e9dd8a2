import { createHash } from 'node:crypto';
import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import type { EventPlace, EventRef, Found, Group, Range, Store, StreamHead } from './store.js';

/** Number of the on-disk layout; a folder with another number is refused, never guessed at. */
const FORMAT = '1';
const PAGE_BYTES = 1024 * 1024;
/** Well under LMDB's limit for keys (1978 bytes). */
const LONGEST_PLAIN_KEY = 500;

type Table = Database<Buffer, Buffer>;

interface Tables {
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

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** Opens (or creates) the log in a folder. The caller holds the folder's lock. */
export async function openLmdbStore(dataDir: string): Promise<Store> {
  // `cache` and `compression` stay off: memory must not grow with the log.
  const root = open<Buffer, Buffer>({ path: dataDir, maxDbs: 8, noSubdir: false, ...binary });
  const table = (name: string): Table => root.openDB<Buffer, Buffer>(name, binary);
  const tables: Tables = {
    log: table('log'),
    index: table('index'),
    heads: table('heads'),
    ids: table('ids'),
    meta: table('meta'),
  };
  const format = tables.meta.get(Buffer.from('format'))?.toString();
  if (format !== undefined && format !== FORMAT) {
    await root.close();
    throw new Error(`the event log in ${dataDir} has format ${format}; this version reads format ${FORMAT}`);
  }
  // Also forces to disk what a killed predecessor had committed but not flushed, before anything is answered from it.
  await tables.meta.put(Buffer.from('format'), Buffer.from(FORMAT));
  await root.flushed;
  return new LmdbStore(root, tables);
}

class LmdbStore implements Store {
  constructor(
    private readonly root: RootDatabase<Buffer, Buffer>,
    private readonly tables: Tables,
  ) {}

  nextPosition(): bigint {
    for (const { key, value } of this.tables.log.getRange({ reverse: true, limit: 1 })) {
      return key.readBigUInt64BE(0) + BigInt(value.length);
    }
    return 0n;
  }

  head(stream: string): StreamHead | undefined {
    const value = this.tables.heads.get(nameKey(stream));
    return value && { number: value.readBigUInt64BE(0), revision: value.readBigUInt64BE(8) };
  }

  place(streamNumber: bigint, revision: bigint): EventPlace | undefined {
    const value = this.tables.index.get(pair(streamNumber, revision));
    return value && { position: value.readBigUInt64BE(0), id: value.toString('hex', 8) };
  }

  find(id: string): EventRef | undefined {
    const value = this.tables.ids.get(Buffer.from(id, 'hex'));
    return value && { streamNumber: value.readBigUInt64BE(0), revision: value.readBigUInt64BE(8) };
  }

  async write(group: Group): Promise<void> {
    const { log, index, heads, ids } = this.tables;
    const committed = this.root.batch(() => {
      for (const { position, streamNumber, revision, id, record } of group.events) {
        const key = single(position);
        const ref = pair(streamNumber, revision);
        const idBytes = Buffer.from(id, 'hex');
        void log.put(key, record);
        void index.put(ref, Buffer.concat([key, idBytes]));
        void ids.put(idBytes, ref);
      }
      for (const [stream, head] of group.heads) void heads.put(nameKey(stream), pair(head.number, head.revision));
    });
    await committed;
    await this.root.flushed;
    // Otherwise a reader of this turn may still look through the snapshot taken before the commit.
    this.root.resetReadTxn();
  }

  readLog(range: Range): Found[] {
    const page: Found[] = [];
    let bytes = 0;
    const from = range.from > range.head ? range.head : range.from;
    if (!range.backwards && range.from > range.head) return page;
    const bounds = range.backwards
      ? { start: single(from), reverse: true }
      : { start: single(from), end: single(range.head + 1n) };
    for (const { key, value } of this.tables.log.getRange({ ...bounds, limit: range.limit })) {
      page.push({ at: key.readBigUInt64BE(0), record: value });
      bytes += value.length;
      if (bytes >= PAGE_BYTES) break;
    }
    return page;
  }

  readStream(streamNumber: bigint, range: Range): Found[] {
    const page: Found[] = [];
    let bytes = 0;
    const start = pair(streamNumber, range.from);
    const bounds = range.backwards
      ? { start, end: pair(streamNumber, 0n), inclusiveEnd: true, reverse: true }
      : { start, end: pair(streamNumber + 1n, 0n) };
    // No `limit` here: entries that are not durable yet are passed over and must not use it up.
    for (const { key, value } of this.tables.index.getRange(bounds)) {
      if (value.readBigUInt64BE(0) > range.head) continue;
      const record = this.tables.log.get(value.subarray(0, 8));
      if (!record) throw new Error(`position ${value.readBigUInt64BE(0)} is in the index and not in the log`);
      page.push({ at: key.readBigUInt64BE(8), record });
      bytes += record.length;
      if (bytes >= PAGE_BYTES || page.length >= range.limit) break;
    }
    return page;
  }

  close(): Promise<void> {
    return this.root.close();
  }
}

function single(a: bigint): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(a, 0);
  return key;
}

function pair(a: bigint, b: bigint): Buffer {
  const key = Buffer.allocUnsafe(16);
  key.writeBigUInt64BE(a, 0);
  key.writeBigUInt64BE(b, 8);
  return key;
}

function nameKey(stream: string): Buffer {
  const name = Buffer.from(stream, 'utf8');
  if (name.length <= LONGEST_PLAIN_KEY) return Buffer.concat([Buffer.of(0), name]);
  return Buffer.concat([Buffer.of(1), createHash('sha256').update(name).digest()]);
}
