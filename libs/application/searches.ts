import type { Resource } from '#libs/domain/access/bindings.js';
import { isSubjectType, subjectOf } from '#libs/domain/access/machines.js';
import { isPermission } from '#libs/domain/schemes/actions.js';
import type { Evaluation } from './checks.js';
import type { Caller } from './caller.js';
import { type Stamp, stampOf } from './facts.js';
import type { Past } from './past.js';
import type { UpTo } from './up-to.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import { comparePositions, type Position, start } from './ports/event-store.js';
import type { ReadPosition } from './ports/read-models.js';
import { type Asked, NeededDocuments } from './needed-documents.js';
import { type Asker, Present, PresentFacts } from './present.js';
import { type FoundPage, pageOf } from './search-page.js';
import { type Keyset, SearchParked, type SearchReads, type SearchSnapshot } from './search-reads.js';
import { resourcesIn } from './search-resources.js';
import { guestsThen, type SubjectQuestion, subjectsNow, subjectsThen } from './search-subjects.js';
import { maySee } from './sight.js';
import { maySearch, PastReach, PresentReach, type ReachOptions } from './search-views.js';
import { type Future, type Parked, type Stale, tenantOf } from './view.js';

export type Found = Stale | Parked | Future | (FoundPage & { readonly kind: 'found'; readonly stamp: Stamp });

interface Search {
  readonly action: string;
  readonly at: UpTo | undefined;
  readonly after: Position | undefined;
}

export interface SubjectSearch extends Search {
  /** Of subjects. */
  readonly type: string;
  readonly resource: Resource | undefined;
}

export interface ResourceSearch extends Search {
  readonly principal: Evaluation['principal'];
  /** Of resources. */
  readonly type: string;
}

/** A page: how many at most, after which place; empty at the start. */
export interface PageAsked {
  readonly limit: number;
  readonly after: string;
}

/**
 * Who may, and on what: everybody and everything for which an evaluation by the same caller answers true, found in the read
 * models and decided by `permit()`. What a page holds is of one moment; about others it takes `decision:search` now.
 */
export class Searches {
  private readonly present: Present;

  constructor(
    documents: DocumentSource,
    private readonly reads: SearchReads,
    private readonly readPosition: ReadPosition,
    private readonly past: Past,
    private readonly clock: Clock,
    /** How long an answer may wait for the read models. */
    private readonly budgetMs: number,
  ) {
    this.present = new Present(documents, clock);
  }

  async subjects(caller: Caller, search: SubjectSearch, page: PageAsked): Promise<Found> {
    const { action, type, resource, at, after } = search;
    if (this.isFuture(at)) return { kind: 'future' };
    const nothing = this.nothing();
    if (!isPermission(action) || resource === undefined || !isSubjectType(type)) return nothing;
    return this.answered(caller, after, async (snapshot) => {
      const load = loader(snapshot, caller, this.clock.now());
      const tenant = tenantOf(resource);
      const own = await load([
        { principal: caller.id, resource },
        { principal: caller.id, resource: tenant },
      ]);
      const base = own.of({ principal: caller.id, resource });
      if (base === 'stale') return { kind: 'stale' };
      if (base === 'parked')
        return (await this.mayKnow(caller.realm, caller.id, resource)) ? { kind: 'parked' } : nothing;
      const others = maySearch(own, caller.id, tenant) === true;
      const only = others ? undefined : caller.id;
      if (only !== undefined && subjectOf(only).type !== type) return nothing;
      const question = { realm: caller.realm, permission: action, type, resource, only };
      const keyset = { after: page.after === '' ? undefined : page.after, limit: page.limit };
      if (at !== undefined) return this.subjectsAt(caller, snapshot, at, question, keyset);
      const found = await pageOf(subjectsNow(snapshot, base, load, question, keyset), page.after, page.limit);
      const known = others || found.results.length > 0 || maySee(base.facts, caller.id, resource, base.at);
      return { kind: 'found', ...found, stamp: known ? base.stamp : nothing.stamp };
    });
  }

  /** An instant, as revisions are of one organization. */
  async resources(caller: Caller, search: ResourceSearch, page: PageAsked): Promise<Found> {
    const { principal, action, type, at, after } = search;
    if (this.isFuture(at)) return { kind: 'future' };
    const nothing = this.nothing();
    if (!isPermission(action) || !isSubjectType(principal.type)) return nothing;
    return this.answered(caller, after, async (snapshot) => {
      const now = this.clock.now();
      const load = loader(snapshot, caller, now);
      const options: ReachOptions = {
        caller,
        principal: principal.id,
        snapshot,
        load,
        mayKnow: (orgId) => this.mayKnow(caller.realm, caller.id, { kind: 'org', orgId }),
      };
      const view = at === undefined ? new PresentReach(options) : new PastReach(options, this.past, at, now);
      const question = { realm: caller.realm, principal: principal.id, permission: action, type };
      const found = await pageOf(resourcesIn(view, question, page), page.after, page.limit);
      const stamp =
        at === undefined
          ? stampOf(undefined, snapshot.upTo, now)
          : stampOf(undefined, undefined, 'instant' in at ? at.instant : now);
      return { kind: 'found', ...found, stamp };
    });
  }

  private async subjectsAt(
    caller: Caller,
    snapshot: SearchSnapshot,
    at: UpTo,
    question: SubjectQuestion,
    { after, limit }: Keyset,
  ): Promise<Found> {
    const { realm, resource, only } = question;
    const orgId = 'orgId' in resource ? resource.orgId : undefined;
    const past = await this.past.facts(caller, orgId, at, this.clock.now());
    // That a revision does not exist yet tells that the organization does.
    if (past === 'future')
      return only === undefined || (await this.mayKnow(realm, only, resource)) ? { kind: 'future' } : this.nothing();
    const then = past.withoutClaims({ principal: only ?? '', resource });
    if (then === undefined) return this.nothing();
    const candidates =
      only === undefined && question.type === 'workflow' && resource.kind === 'personal_environment'
        ? guestsThen(snapshot, (id) => this.past.facts(caller, id, at, this.clock.now()), question, resource, after)
        : subjectsThen(snapshot, past, then, question, after);
    const found = await pageOf(candidates, after ?? '', limit);
    const known = only === undefined || found.results.length > 0;
    return { kind: 'found', ...found, stamp: known ? then.stamp : this.nothing().stamp };
  }

  /** From a snapshot that holds whatever an evaluation at this time would have seen. */
  private async answered(
    caller: Caller,
    after: Position | undefined,
    work: (snapshot: SearchSnapshot) => Promise<Found>,
  ): Promise<Found> {
    const deadline = performance.now() + this.budgetMs;
    const present = await this.present.load(caller, [{ principal: caller.id, resource: { kind: 'realm' } }], after);
    if (present === undefined) return { kind: 'stale' };
    const { position = start } = present;
    for (;;) {
      const found = await this.reads
        .at(async (snapshot) => (comparePositions(snapshot.upTo, position) >= 0 ? work(snapshot) : undefined))
        .catch((error: unknown): Found => {
          if (error instanceof SearchParked) return { kind: 'parked' };
          throw error;
        });
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.readPosition.reached(position, left))) return { kind: 'stale' };
    }
  }

  private mayKnow(realm: string, caller: string, resource: Resource): Promise<boolean> {
    if (!('orgId' in resource)) return Promise.resolve(true);
    return this.past.mayKnow(realm, caller, resource.orgId, this.clock.now());
  }

  private isFuture = (at: UpTo | undefined): boolean =>
    at !== undefined && 'instant' in at && at.instant > this.clock.now();

  private nothing(): Extract<Found, { kind: 'found' }> {
    return { kind: 'found', results: [], next: undefined, stamp: stampOf(undefined, undefined, this.clock.now()) };
  }
}

/** Facts from a snapshot, all of its one moment. */
function loader(
  snapshot: SearchSnapshot,
  asker: Asker,
  at: number,
): (asked: readonly Asked[]) => Promise<PresentFacts> {
  return async (asked) => {
    const needed = new NeededDocuments(asker.realm, asked);
    return new PresentFacts(asker, at, needed, { ...(await snapshot.load(needed.keys)), position: snapshot.upTo });
  };
}
