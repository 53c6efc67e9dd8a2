import type { Log } from './log.js';
import { SOFT_DELETED, metastreamOf, originalOf, parseMetadata } from './metadata.js';
import type { StreamMetadata } from './metadata.js';
import { recordAnswer } from './record.js';
import type { StreamHead } from './store.js';
import { LARGEST_REVISION, decodeReadEvent } from './wire.js';

/** A stream as its readers see it: the events from `first` to the head's revision; none if `first` is greater. */
export interface VisibleStream {
  readonly head: StreamHead;
  readonly first: bigint;
}

/** What a reader finds under a stream's name. `now` is in milliseconds since the epoch. */
export function visibleStream(log: Log, stream: string, now: number): VisibleStream | 'missing' | 'deleted' {
  if (isTombstoned(log, stream)) return 'deleted';
  const head = log.stream(stream);
  if (!head) return 'missing';
  // A metastream has no metadata of its own and keeps the last.
  if (originalOf(stream) !== undefined) return { head, first: head.revision };
  const { truncateBefore = 0n, maxCount, maxAgeMs } = metadataOf(log, stream);
  if (truncateBefore === SOFT_DELETED) return 'missing';
  let first = truncateBefore;
  if (maxCount !== undefined) first = larger(first, head.revision - maxCount + 1n);
  if (maxAgeMs !== undefined) first = firstSince(log, head, larger(first, 0n), now - maxAgeMs);
  return { head, first };
}

/** Whether the stream, or the one whose metadata it holds, was deleted for ever. */
export function isTombstoned(log: Log, stream: string): boolean {
  return log.stream(originalOf(stream) ?? stream)?.revision === LARGEST_REVISION;
}

function metadataOf(log: Log, stream: string): StreamMetadata {
  const head = log.stream(metastreamOf(stream));
  const record = head && log.readStream(head.number, head.revision, true, 1)[0]?.record;
  if (!record) return {};
  const { data, isJson } = decodeReadEvent(recordAnswer(record));
  return parseMetadata(data, isJson);
}

/**
 * The first event that is not older than an instant, found by halving, as times grow with numbers. Where the clock was
 * set back, the edge may be off by as much as it was set.
 */
function firstSince(log: Log, { number, revision }: StreamHead, from: bigint, instant: number): bigint {
  let [low, high] = [from, revision + 1n];
  while (low < high) {
    const middle = (low + high) / 2n;
    const record = log.readStream(number, middle, false, 1)[0]?.record;
    if (record && decodeReadEvent(recordAnswer(record)).created < instant) low = middle + 1n;
    else high = middle;
  }
  return low;
}

export const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
