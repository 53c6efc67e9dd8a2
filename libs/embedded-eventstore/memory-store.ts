import type { EventPlace, EventRef, Found, Group, Range, Store, StreamHead } from './store.js';

/** A log that lives as long as the process. */
export function openMemoryStore(): Store {
  const log: { position: bigint; record: Buffer }[] = [];
  const heads = new Map<string, StreamHead>();
  const streams = new Map<bigint, { id: string; index: number }[]>();
  const ids = new Map<string, EventRef>();

  const found = (at: bigint, index: number): Found | undefined => {
    const entry = log[index];
    return entry && { at, record: entry.record };
  };

  return {
    nextPosition: () => {
      const last = log.at(-1);
      return last ? last.position + BigInt(last.record.length) : 0n;
    },
    head: (stream) => heads.get(stream),
    place: (streamNumber, revision): EventPlace | undefined => {
      const entry = streams.get(streamNumber)?.[Number(revision)];
      const stored = entry && log[entry.index];
      return stored && { id: entry.id, position: stored.position };
    },
    find: (id) => ids.get(id),
    write: async (group: Group) => {
      for (const event of group.events) {
        const { id, streamNumber, revision, position, record } = event;
        const events = streams.get(streamNumber) ?? [];
        streams.set(streamNumber, events);
        events.push({ id, index: log.push({ position, record }) - 1 });
        ids.set(id, { streamNumber, revision });
      }
      for (const [stream, head] of group.heads) heads.set(stream, head);
    },
    readLog: (range) => {
      const page: Found[] = [];
      const start = lowerBound(log, range.from);
      const exact = log[start]?.position === range.from;
      const step = range.backwards ? -1 : 1;
      for (let i = range.backwards && !exact ? start - 1 : start; page.length < range.limit; i += step) {
        const entry = log[i];
        if (!entry) break;
        if (entry.position <= range.head) page.push({ at: entry.position, record: entry.record });
      }
      return page;
    },
    readStream: (streamNumber, range: Range) => {
      const events = streams.get(streamNumber) ?? [];
      const last = BigInt(events.length - 1);
      const step = range.backwards ? -1 : 1;
      const page: Found[] = [];
      if (!range.backwards && range.from > last) return page;
      for (let i = Number(range.from > last ? last : range.from); page.length < range.limit; i += step) {
        const entry = events[i];
        const event = entry && found(BigInt(i), entry.index);
        if (!event) break;
        page.push(event);
      }
      return page;
    },
    close: async () => undefined,
  };
}

function lowerBound(log: readonly { position: bigint }[], position: bigint): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = log[middle];
    if (entry && entry.position < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
