import { entries, nameKey, noteCounts, notedCounts, numbers } from './lmdb-tables.js';
import type { Tables } from './lmdb-tables.js';
import { recordAnswer, recordStream } from './record.js';
import type { StreamHead } from './store.js';
import { decodeReadEvent } from './wire.js';

/** Bounds of one transaction of a rebuilding. */
const CHUNK_EVENTS = 10_000;
const CHUNK_BYTES = 32 * 1024 * 1024;

/**
 * Whether index, heads and ids have what the log needs: as many entries as the last transaction noted, and those of the
 * last event. Wrong bytes inside an entry are not looked for.
 */
export function derivedTablesFit(tables: Tables): boolean {
  const { log, index, heads, ids } = tables;
  const noted = notedCounts(tables);
  const events = entries(log);
  if (!noted) return events === 0 && entries(index) + entries(heads) + entries(ids) === 0;
  if (noted.events !== events || entries(index) !== events) return false;
  if (noted.streams !== entries(heads) || noted.ids !== entries(ids)) return false;
  for (const { key, value } of log.getRange({ reverse: true, limit: 1 })) {
    const head = heads.get(nameKey(recordStream(value)));
    const place = head && index.get(head);
    return place?.subarray(0, 8).equals(key) === true && ids.get(place.subarray(8))?.equals(head ?? key) === true;
  }
  return true;
}

/**
 * Builds index, heads and ids from the log alone. A rebuilding that is killed is done again at the next open, because
 * the counts are noted at its end only.
 */
export async function rebuildDerivedTables(tables: Tables): Promise<void> {
  const { root, log, index, heads, ids } = tables;
  await root.batch(() => {
    noteCounts(tables, undefined);
    for (const table of [index, heads, ids]) void table.clearAsync();
  });
  let next = 0n;
  let events = 0;
  for (;;) {
    const chunk: { position: bigint; record: Buffer }[] = [];
    let bytes = 0;
    for (const { key, value } of log.getRange({ start: numbers(next), limit: CHUNK_EVENTS })) {
      chunk.push({ position: key.readBigUInt64BE(0), record: value });
      bytes += value.length;
      if (bytes >= CHUNK_BYTES) break;
    }
    const last = chunk.at(-1);
    if (!last) break;
    const changed = new Map<string, StreamHead>();
    await root.batch(() => {
      for (const { position, record } of chunk) {
        const stream = recordStream(record);
        const { id, revision } = decodeReadEvent(recordAnswer(record));
        const number = changed.get(stream)?.number ?? heads.get(nameKey(stream))?.readBigUInt64BE(0) ?? position;
        const idBytes = Buffer.from(id, 'hex');
        changed.set(stream, { number, revision });
        void index.put(numbers(number, revision), Buffer.concat([numbers(position), idBytes]));
        void ids.put(idBytes, numbers(number, revision));
      }
      for (const [stream, head] of changed) void heads.put(nameKey(stream), numbers(head.number, head.revision));
    });
    root.resetReadTxn();
    next = last.position + 1n;
    events += chunk.length;
  }
  root.resetReadTxn();
  const counts = { events, streams: entries(heads), ids: entries(ids) };
  await root.batch(() => noteCounts(tables, counts));
  await root.flushed;
}
