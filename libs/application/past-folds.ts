import { LRUCache } from 'lru-cache';
import type { Category } from '#libs/domain/aggregates.js';
import { BYTES_PER_EVENT, emptyFold, type Folded, step } from './fold.js';
import { endsCommand } from './metadata.js';
import type { Clock } from './ports/clock.js';
import type { EventStore } from './ports/event-store.js';
import type { Snapshots } from './snapshots/snapshots.js';
import { streamOf } from './streams.js';
import { accepts, reaches, type UpTo } from './up-to.js';

/** A stream folded up to the last whole command, and the last revision that was within what was asked for. */
export interface PastFold<C extends Category> {
  readonly folded: Folded<C>;
  readonly accepted: bigint;
}

interface Found<C extends Category> extends PastFold<C> {
  /** Whether nothing that is appended later can change it. */
  readonly isFinal: boolean;
  readonly bytes: number;
}

interface Start<C extends Category> {
  readonly folded: Folded<C>;
  readonly bytes: number;
}

const CACHE_BYTES = 128 * 1024 * 1024;
/**
 * An event is dated when it is decided. So long after an instant nothing is appended any more that is dated before it: later
 * than any append is tried, and than the clocks of two processes differ.
 */
const SETTLED_AFTER_MS = 300_000;
/** What a decoded snapshot takes in memory for each byte of JSON. */
const EXPANSION = 3;

/**
 * Streams folded to moments of the past: from the present fold where that is within the moment, else from a snapshot, else
 * from the first event on. What a revision folds to never changes, so answers are kept, least recently used out first.
 */
export class PastFolds {
  private readonly known = new LRUCache<string, Found<Category>>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });

  constructor(
    private readonly store: EventStore,
    private readonly snapshots: Snapshots | undefined,
    private readonly clock: Clock | undefined,
  ) {}

  async fold<C extends Category>(
    category: C,
    id: string,
    upTo: UpTo,
    present: Folded<C> | undefined,
  ): Promise<PastFold<C>> {
    const key = `${streamOf(category, id)} ${'revision' in upTo ? upTo.revision : `@${upTo.instant}`}`;
    // The key begins with the category, so what is kept under it has that category's state.
    const known = this.known.get(key) as Found<C> | undefined;
    if (known !== undefined) return known;
    const found =
      (await this.fromPresent(category, id, upTo, present)) ??
      (await this.fromSnapshot(category, id, upTo)) ??
      (await this.onwards(category, id, upTo, undefined));
    if (found === undefined) throw new Error(`${key}: a fold from the first event on rests on nothing`);
    if (found.isFinal) this.known.set(key, found as unknown as Found<Category>);
    return found;
  }

  private fromPresent<C extends Category>(category: C, id: string, upTo: UpTo, present: Folded<C> | undefined) {
    if (present === undefined || present.revision < 0n || !reaches(upTo, present)) return undefined;
    return this.onwards(category, id, upTo, { folded: present, bytes: 0 });
  }

  private async fromSnapshot<C extends Category>(category: C, id: string, upTo: UpTo): Promise<Found<C> | undefined> {
    if (category !== 'org' || this.snapshots === undefined) return undefined;
    const snapshot = await this.snapshots.find(id, upTo);
    if (snapshot === undefined) return undefined;
    const { folded, bytes } = snapshot;
    const found = await this.onwards('org', id, upTo, { folded, bytes: EXPANSION * bytes });
    if (found === undefined) await this.snapshots.damaged(id, folded.revision, 'its last event is not in the log');
    else this.snapshots.used(id, snapshot);
    // The category is the organization's.
    return found as Found<C> | undefined;
  }

  /** Undefined where the start's last event is not where it was in the log: then nothing rests on the start. */
  private async onwards<C extends Category>(
    category: C,
    id: string,
    upTo: UpTo,
    start: Start<C> | undefined,
  ): Promise<Found<C> | undefined> {
    let folded = start?.folded ?? emptyFold(category);
    let whole = folded;
    let isConfirmed = start === undefined;
    let kept = folded.revision;
    // Looked at before anything is read: what is appended meanwhile is dated later.
    const settled = this.isSettled(upTo);
    const found = (isFinal: boolean) => {
      const further = Number(folded.revision - (start?.folded.revision ?? -1n));
      return {
        folded: whole,
        accepted: folded.revision,
        isFinal,
        bytes: (start?.bytes ?? 0) + BYTES_PER_EVENT * (further + 1),
      };
    };
    const from = start?.folded.revision ?? 0n;
    for await (const page of this.store.read(streamOf(category, id), from, countOf(upTo, from))) {
      for (const event of page) {
        if (!isConfirmed) {
          if (event.id !== start?.folded.eventId) return undefined;
          isConfirmed = true;
          continue;
        }
        if (!accepts(upTo, event)) return found(true);
        folded = step(category, folded, event);
        if (!endsCommand(event.metadata)) continue;
        whole = folded;
        if (category !== 'org' || this.snapshots === undefined) continue;
        if (whole.revision < kept + BigInt(this.snapshots.spacing)) continue;
        kept = whole.revision;
        this.snapshots.offer(id, whole as Folded<'org'>);
      }
    }
    if (!isConfirmed) return undefined;
    return found(settled || ('revision' in upTo && folded.revision === upTo.revision));
  }

  private isSettled(upTo: UpTo): boolean {
    return this.clock !== undefined && 'instant' in upTo && this.clock.now() - upTo.instant > SETTLED_AFTER_MS;
  }
}

/** How many events can be within it, where that is known and few enough to be a count. */
function countOf(upTo: UpTo, from: bigint): number | undefined {
  if (!('revision' in upTo)) return undefined;
  const count = upTo.revision - from + 1n;
  return count > 1_000_000_000n ? undefined : Math.max(1, Number(count));
}
