import type { EventPlace, EventRef, Found, Group, Range, Store, StreamHead } from './store.js';

interface Entry {
  readonly position: bigint;
  readonly revision: bigint;
  readonly id: string;
  readonly record: Buffer;
}

/** A log that lives as long as the process. */
export function openMemoryStore(): Store {
  const log: Entry[] = [];
  const heads = new Map<string, StreamHead>();
  const streams = new Map<bigint, Entry[]>();
  const ids = new Map<string, EventRef>();

  return {
    nextPosition: () => {
      const last = log.at(-1);
      return last ? last.position + BigInt(last.record.length) : 0n;
    },
    head: (stream) => heads.get(stream),
    place: (streamNumber, revision): EventPlace | undefined => {
      const events = streams.get(streamNumber) ?? [];
      const entry = events[lowerBound(events, 'revision', revision)];
      return entry?.revision === revision ? entry : undefined;
    },
    find: (id) => ids.get(id),
    write: async (group: Group) => {
      for (const { id, streamNumber, revision, position, record } of group.events) {
        const entry = { position, revision, id, record };
        const events = streams.get(streamNumber) ?? [];
        streams.set(streamNumber, events);
        events.push(entry);
        log.push(entry);
        ids.set(id, { streamNumber, revision });
      }
      for (const [stream, head] of group.heads) heads.set(stream, head);
    },
    readLog: (range) => page(log, 'position', range),
    readStream: (streamNumber, range) => page(streams.get(streamNumber) ?? [], 'revision', range),
    close: async () => undefined,
  };
}

function page(entries: readonly Entry[], by: 'position' | 'revision', range: Range): Found[] {
  const found: Found[] = [];
  const start = lowerBound(entries, by, range.from);
  const exact = entries[start]?.[by] === range.from;
  const step = range.backwards ? -1 : 1;
  for (let i = range.backwards && !exact ? start - 1 : start; found.length < range.limit; i += step) {
    const entry = entries[i];
    if (!entry) break;
    if (entry.position <= range.head) found.push({ at: entry[by], record: entry.record });
  }
  return found;
}

/** Index of the first entry that is not before the number. */
function lowerBound(entries: readonly Entry[], by: 'position' | 'revision', number: bigint): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry && entry[by] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
