import type { EnvironmentDocument, OrgDocument } from '#libs/domain/access/documents.js';
import type { Caller } from '../caller.js';
import type { Folds } from '../folds.js';
import { required } from '../metadata.js';
import type { Planned } from '../outcome.js';
import { platformFactsOf } from '../platform-facts.js';
import type { Clock } from '../ports/clock.js';
import type { EventStore } from '../ports/event-store.js';
import type { ClaimBearers } from './claim-bearers.js';
import { type AccessChange, changesIn } from './diff.js';
import { type Effects, effectsOf, foldedOnto, mayBeTold, noEffects } from './effects.js';
import { type AskedMoment, type HistoryMoment, Moments, type NoMoment } from './moments.js';
import { environmentsOf, type Keyset, type PrincipalAccess, principalsOf } from './state.js';
import { type Review, Reviews, type Unreviewed } from './review/review.js';
import { intervalsIn, type Interval, type TimelineQuestion } from './timeline.js';
import { Worlds } from './worlds.js';

/** `moment`: which of the moments asked for cannot be answered. `stale`: the read models are too far behind to tell all. */
export type Unanswered =
  | { readonly kind: 'stale' }
  | { readonly kind: NoMoment | 'reversed'; readonly moment: 'at' | 'from' | 'to' };

export interface StateAnswer {
  readonly kind: 'answered';
  readonly moment: HistoryMoment;
  readonly org: OrgDocument;
  readonly environments: readonly EnvironmentDocument[];
  readonly principals: readonly PrincipalAccess[];
}

export interface DiffAnswer {
  readonly kind: 'answered';
  readonly from: HistoryMoment;
  readonly to: HistoryMoment;
  /** By principal. */
  readonly changes: readonly (readonly AccessChange[])[];
}

export interface TimelineAnswer {
  readonly kind: 'answered';
  readonly moment: HistoryMoment;
  readonly intervals: readonly Interval[];
}

/**
 * Who could do what in an organization, when and why: folded from the log alone and decided by the domain's own bindings
 * and `permit()`. Each answer reads every stream up to one moment and names that moment. Whoever calls has been authorized.
 */
export class History {
  private readonly moments: Moments;
  private readonly worlds: Worlds;
  private readonly reviews: Reviews;

  constructor(
    store: EventStore,
    private readonly folds: Folds,
    claimBearers: ClaimBearers,
    private readonly clock: Clock,
  ) {
    this.moments = new Moments(folds);
    this.worlds = new Worlds(store, folds, claimBearers);
    this.reviews = new Reviews(store, this.moments, this.worlds);
  }

  /** The organization's access at a moment; a page of its principals. */
  async state(realm: string, orgId: string, asked: AskedMoment, keyset: Keyset): Promise<StateAnswer | Unanswered> {
    const moment = await this.moments.resolve(orgId, asked, this.clock.now());
    if (typeof moment === 'string') return { kind: moment, moment: 'at' };
    const world = await this.worlds.at(realm, moment);
    if (world === undefined) return { kind: 'stale' };
    const { org } = moment.org.state;
    return {
      kind: 'answered',
      moment,
      org,
      environments: environmentsOf(world),
      principals: principalsOf(world, keyset),
    };
  }

  /** Net changes between two moments; a page of the principals whom they befell. */
  async diff(
    realm: string,
    orgId: string,
    asked: { readonly from: AskedMoment; readonly to: AskedMoment },
    keyset: Keyset,
  ): Promise<DiffAnswer | Unanswered> {
    const now = this.clock.now();
    const from = await this.moments.resolve(orgId, asked.from, now);
    if (typeof from === 'string') return { kind: from, moment: 'from' };
    const onwards = await this.worlds.onwards(orgId, from, asked.to, now);
    if (typeof onwards === 'string') return { kind: onwards, moment: 'to' };
    const { to, steps } = onwards;
    const span = await this.worlds.between(realm, from, to, steps);
    return span === undefined ? { kind: 'stale' } : { kind: 'answered', from, to, changes: changesIn(span, keyset) };
  }

  /** Who held what at a moment and what changed since an earlier one, with the events behind it. */
  review(
    realm: string,
    orgId: string,
    asked: { readonly since: AskedMoment; readonly at: AskedMoment },
  ): Promise<Review | Unreviewed> {
    return this.reviews.of(realm, orgId, asked, this.clock.now());
  }

  /** What a dry run of the caller's would have done. Not asked for by right: it tells by itself where that is missing. */
  async effects(caller: Caller, planned: Planned): Promise<Effects> {
    const [first] = planned.events;
    if (first === undefined) return noEffects;
    const at = Date.parse(required(first.metadata, 'occurredAt'));
    const after = foldedOnto(planned);
    const platform = await platformFactsOf(caller, this.folds);
    if (!mayBeTold(planned, after.state, platform, caller.id, at)) return { kind: 'denied' };
    const world = await this.worlds.at(caller.realm, { org: planned.onto, at });
    return world === undefined ? { kind: 'stale' } : effectsOf(world, after);
  }

  /** The answers to one question from the beginning to now. */
  async timeline(realm: string, orgId: string, question: TimelineQuestion): Promise<TimelineAnswer> {
    const { span, moment } = await this.worlds.lifeOf(realm, orgId, question, this.clock.now());
    return { kind: 'answered', moment, intervals: intervalsIn(span, question) };
  }
}
