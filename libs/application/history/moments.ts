import type { Folded } from '../fold.js';
import type { Folds } from '../folds.js';
import type { UpTo } from '../up-to.js';

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

/** Finds moments in the log. */
export class Moments {
  constructor(private readonly folds: Folds) {}

  async resolve(orgId: string, asked: AskedMoment, now: number): Promise<HistoryMoment | NoMoment> {
    const upTo = upToOf(asked, now);
    if (upTo === 'future') return 'future';
    const { folded, accepted } = await this.folds.past('org', orgId, upTo);
    return momentOf(folded, accepted, asked, now);
  }
}

/** Up to where the organization's events are of the moment. */
export function upToOf({ instant, revision }: AskedMoment, now: number): UpTo | 'future' {
  if (instant !== undefined && instant > now) return 'future';
  return revision === undefined ? { instant: instant ?? now } : { revision };
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
