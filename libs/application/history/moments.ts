import { LRUCache } from 'lru-cache';
import type { Folded, Folds } from '../folds.js';
import { required } from '../metadata.js';
import type { StoredEvent } from '../ports/event-store.js';

/**
 * A moment as it is asked for: an instant (milliseconds since the epoch), a revision of the organization, both as an
 * answer named them, or neither for now.
 */
export interface AskedMoment {
  readonly instant?: number | undefined;
  readonly revision?: bigint | undefined;
}

/** The organization folded to a moment, and the instant that everything else is looked at. */
export interface HistoryMoment {
  readonly org: Folded<'org'>;
  readonly at: number;
}

/** `future`: not there yet. `before_revision`: the revision was appended after the instant that is asked for with it. */
export type NoMoment = 'future' | 'before_revision';

const CACHE_BYTES = 128 * 1024 * 1024;
/** What a folded event leaves behind on average; see folds.ts. */
const BYTES_PER_EVENT = 800;

/** Organizations folded to past moments. What a revision folds to never changes, so the pages of one answer fold once. */
export class Moments {
  private readonly folded = new LRUCache<string, Folded<'org'>>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ revision }) => BYTES_PER_EVENT * (Number(revision) + 2),
  });

  constructor(private readonly folds: Folds) {}

  async resolve(orgId: string, asked: AskedMoment, now: number): Promise<HistoryMoment | NoMoment> {
    const until = untilOf(asked, now);
    if (until === 'future') return 'future';
    const key = asked.revision === undefined ? undefined : `${orgId} ${asked.revision}`;
    const cached = key === undefined ? undefined : this.folded.get(key);
    if (cached !== undefined) return momentOf(cached, cached.revision, asked, now);
    const { folded, accepted } = await this.folds.past('org', orgId, until);
    const moment = momentOf(folded, accepted, asked, now);
    if (typeof moment !== 'string') this.folded.set(`${orgId} ${folded.revision}`, folded);
    return moment;
  }
}

/** Accepts the organization's events up to the moment. */
export function untilOf({ instant, revision }: AskedMoment, now: number): ((event: StoredEvent) => boolean) | 'future' {
  if (instant !== undefined && instant > now) return 'future';
  return revision === undefined ? byInstant(instant ?? now) : (event) => event.revision <= revision;
}

/**
 * The moment that was asked for, of the organization folded to its last whole command; `accepted` is the last revision
 * up to it. A revision alone stands for the instant at which it was appended.
 */
export function momentOf(
  org: Folded<'org'>,
  accepted: bigint,
  { instant, revision }: AskedMoment,
  now: number,
): HistoryMoment | NoMoment {
  if (revision !== undefined && accepted < revision) return 'future';
  const appended = org.revision < 0n ? undefined : Date.parse(org.occurredAt);
  if (appended !== undefined && instant !== undefined && appended > instant) return 'before_revision';
  return { org, at: instant ?? (revision === undefined ? now : (appended ?? now)) };
}

export const byInstant = (instant: number) => (event: StoredEvent) => occurredAt(event) <= instant;

const occurredAt = ({ metadata }: StoredEvent): number => Date.parse(required(metadata, 'occurredAt'));
