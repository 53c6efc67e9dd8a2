import { derivedTablesFit, rebuildDerivedTables } from './lmdb-rebuild.js';
import { nameKey, noteCounts, notedCounts, numbers, openTables } from './lmdb-tables.js';
import type { Counts, Tables } from './lmdb-tables.js';
import type { EventPlace, EventRef, Found, Group, Range, Store, StreamHead } from './store.js';

const PAGE_BYTES = 1024 * 1024;

/**
 * Opens (or creates) the log in a folder. The caller holds the folder's lock. What else is kept for speed is built again
 * from the log where it does not fit, or where `rebuild` asks for it; `rebuilt` tells whether that was so.
 */
export async function openLmdbStore(dataDir: string, rebuild = false): Promise<Store & { readonly rebuilt: boolean }> {
  const tables = await openTables(dataDir);
  try {
    const rebuilt = rebuild || !derivedTablesFit(tables);
    if (rebuilt) await rebuildDerivedTables(tables);
    return new LmdbStore(tables, notedCounts(tables) ?? { events: 0, streams: 0, ids: 0 }, rebuilt);
  } catch (error) {
    await tables.root.close();
    throw error;
  }
}

class LmdbStore implements Store {
  constructor(
    private readonly tables: Tables,
    private counts: Counts,
    readonly rebuilt: boolean,
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
    const value = this.tables.index.get(numbers(streamNumber, revision));
    return value && { position: value.readBigUInt64BE(0), id: value.toString('hex', 8) };
  }

  find(id: string): EventRef | undefined {
    const value = this.tables.ids.get(Buffer.from(id, 'hex'));
    return value && { streamNumber: value.readBigUInt64BE(0), revision: value.readBigUInt64BE(8) };
  }

  async write(group: Group): Promise<void> {
    const { root, log, index, heads, ids } = this.tables;
    const counts = this.#countsAfter(group);
    const committed = root.batch(() => {
      for (const { position, streamNumber, revision, id, record } of group.events) {
        const key = numbers(position);
        const ref = numbers(streamNumber, revision);
        const idBytes = Buffer.from(id, 'hex');
        void log.put(key, record);
        void index.put(ref, Buffer.concat([key, idBytes]));
        void ids.put(idBytes, ref);
      }
      for (const [stream, head] of group.heads) void heads.put(nameKey(stream), numbers(head.number, head.revision));
      noteCounts(this.tables, counts);
    });
    await committed;
    await root.flushed;
    this.counts = counts;
    // Otherwise a reader of this turn may still look through the snapshot taken before the commit.
    root.resetReadTxn();
  }

  #countsAfter({ events }: Group): Counts {
    const newStreams = events.filter(({ streamNumber, position }) => streamNumber === position).length;
    const newIds = [...new Set(events.map(({ id }) => id))].filter((id) => this.find(id) === undefined).length;
    return {
      events: this.counts.events + events.length,
      streams: this.counts.streams + newStreams,
      ids: this.counts.ids + newIds,
    };
  }

  readLog(range: Range): Found[] {
    const page: Found[] = [];
    let bytes = 0;
    const from = range.from > range.head ? range.head : range.from;
    if (!range.backwards && range.from > range.head) return page;
    const bounds = range.backwards
      ? { start: numbers(from), reverse: true }
      : { start: numbers(from), end: numbers(range.head + 1n) };
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
    const start = numbers(streamNumber, range.from);
    const bounds = range.backwards
      ? { start, end: numbers(streamNumber, 0n), inclusiveEnd: true, reverse: true }
      : { start, end: numbers(streamNumber + 1n, 0n) };
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
    return this.tables.root.close();
  }
}
