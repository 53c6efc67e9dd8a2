import { realmOf } from '#libs/domain/access/documents.js';
import { evolve, type StateByCategory } from '#libs/domain/aggregates.js';
import { type Decision, isRefusal } from '#libs/domain/decision.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { findScheme, schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { authorize, type Authorization, factsFrom, mayKnow, type PlatformFacts } from './authorize.js';
import { contextOf } from './decision-context.js';
import { deniedBy } from './denied.js';
import type { Plan, Step } from './command-request.js';
import { type Commanded, commandRules, type Need, rowOf } from './command-table.js';
import type { Claimed } from './claims/claims.js';
import type { FindErasureObstacles } from './erasure/obstacles.js';
import type { DecidedEvent } from './event-drafts.js';
import type { Folded } from './fold.js';
import type { Folds } from './folds.js';
import type { CommandOutcome } from './outcome.js';
import { pinnedScheme } from './pinned-scheme.js';
import { unseenBy } from './sight.js';
import type { Clock } from './ports/clock.js';
import type { PersonalData } from './ports/personal-data.js';

/** The folds that a request is judged on. */
export interface Ground<C extends Commanded = Commanded> {
  readonly onto: Folded<C>;
  readonly platform: PlatformFacts | undefined;
}

export interface Decided {
  readonly events: readonly DecidedEvent[];
  /** What decided at first. */
  readonly scheme: CompiledScheme;
  readonly claimed: Claimed;
}

/** A command under a client's key changed nothing: remembered, so that a late retry cannot act on a changed world. */
const noEffect: { readonly [C in Commanded]: string } = {
  org: 'CommandHadNoEffect',
  realm: 'RealmCommandHadNoEffect',
  user: 'UserCommandHadNoEffect',
};

/** Permits and decides every step of a request, on the state that the steps before it leave. */
export class Judge {
  constructor(
    private readonly folds: Folds,
    private readonly obstacles: FindErasureObstacles,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  async judge<C extends Commanded>(plan: Plan<C>, ground: Ground<C>): Promise<CommandOutcome | Decided> {
    const { onto, platform } = ground;
    const now = this.clock.now();
    const posted = plan.orgId === undefined ? undefined : orgIn(plan, onto.state)?.org;
    if (posted !== undefined && (posted.status !== 'active' || realmOf(posted) !== plan.caller.realm))
      return { kind: 'hidden' };
    const first = await this.schemeFor(plan, onto.state, platform);
    if (first === undefined) return { kind: 'unavailable' };
    let scheme = first;
    let state: StateByCategory[C] = onto.state;
    let authorization: Authorization = { role: '', evidence: [] };
    const events: DecidedEvent[] = [];
    const claimed = { members: [] as string[], names: [] as string[] };
    for (const [index, step] of plan.steps.entries()) {
      const row = rowOf(step.name);
      const permitted = this.permitted(plan, step, state, scheme, platform, now);
      if ('kind' in permitted) return permitted;
      const { role, evidence, breakGlass } = permitted;
      authorization = { role, evidence, breakGlass };
      const erased = row.erases?.(step.input);
      const erasure = erased === undefined ? undefined : await this.obstacles.of(erased, plan.caller.realm);
      const known = { scheme, at: now, org: orgIn(plan, state), platform };
      const context = { ...contextOf(plan, index, known, this.personalData), erasure };
      const decision = decide(step, permitted.seen, context);
      if (isRefusal(decision)) {
        const { refused: code, ...told } = decision;
        return row.hides?.includes(code) === true
          ? { kind: 'hidden' }
          : { kind: 'refused', code, step: index, ...told };
      }
      // Nothing is appended that rests on less than there is.
      if (decision.length > 0 && permitted.seen !== state) return { kind: 'hidden' };
      if (decision.length > 0) {
        const { tenancy, orgCreation } = scheme.document;
        if (row.joins !== undefined && tenancy.orgsPerUser === 1)
          claimed.members.push(row.joins(step.input, plan.caller.id));
        const name = orgCreation.uniqueNames ? row.names?.(step.input, state) : undefined;
        if (name !== undefined) claimed.names.push(name);
      }
      for (const event of decision) {
        const id = plan.eventId(events.length);
        const revision = onto.revision + BigInt(events.length + 1);
        const stamp = { id, revision, occurredAt: new Date(now).toISOString() };
        state = evolve(plan.category, state, { ...event, stamp });
        events.push({ event, command: step.name, scheme, ...authorization });
      }
      scheme = (await this.schemeFor(plan, state, platform)) ?? scheme;
    }
    if (plan.ifMatch !== undefined && plan.ifMatch !== onto.revision)
      return { kind: 'precondition_failed', revision: `${onto.revision}` };
    if (events.length === 0 && plan.idempotencyKey !== undefined && !plan.dryRun) {
      const event = { type: noEffect[plan.category], data: { command: plan.name } };
      events.push({ event, command: plan.name, scheme, ...authorization });
    }
    return { events, scheme: first, claimed };
  }

  /** What is posted to the realm is decided by its scheme, even where it names an organization that exists already. */
  private async schemeFor(plan: Plan, state: unknown, platform: PlatformFacts | undefined) {
    const realm = platform?.realm.state.realm;
    if (plan.orgId === undefined) return realm && schemeOf(realm.scheme, realm);
    const pinned = orgIn(plan, state)?.org.scheme;
    return pinned && (findScheme(pinned, realm) ?? pinnedScheme(this.folds, plan.caller.realm, pinned));
  }

  /** What allows the step, or why nothing does; and the state as its sender sees it. */
  private permitted<C extends Commanded>(
    plan: Plan<C>,
    step: Step,
    state: StateByCategory[C],
    scheme: CompiledScheme,
    platform: PlatformFacts | undefined,
    now: number,
  ): (Authorization & { readonly seen: StateByCategory[C] }) | CommandOutcome {
    const { orgId, caller, category, target } = plan;
    const org = orgIn(plan, state);
    const situation = { input: step.input, orgId: category === 'org' ? target : '', state, scheme, actor: caller.id };
    const needs = rowOf(step.name).needs(situation);
    const factsFor = (need: Need) => factsFrom(scheme, org, caller, need, platform, now);
    const verdict = authorize(needs, factsFor, caller.id, now);
    if (!('denied' in verdict)) return { ...verdict, seen: state };
    const { denied, need } = verdict;
    const unseen = unseenBy(factsFor(need), { ...need, principal: caller.id, at: now });
    if (org !== undefined && unseen !== undefined)
      // Asked anew as of an environment that is not there. The category is the organization's.
      return this.permitted(plan, step, withoutEnvironment(org, unseen) as StateByCategory[C], scheme, platform, now);
    const known = orgId === undefined || mayKnow(factsFor(need), caller.id, orgId, now);
    return known ? deniedBy(scheme, need.permission, need.resource, denied.reason) : { kind: 'hidden' };
  }
}

const withoutEnvironment = (org: OrgState, id: string): OrgState => ({
  ...org,
  environments: org.environments.delete(id),
});

// The state is that of the plan's own category.
const orgIn = ({ category }: Plan, state: unknown): OrgState | undefined =>
  category === 'org' ? (state as OrgState) : undefined;

// A step's name, its input, and the state that its rules take belong together by construction.
function decide({ name, input }: Step, state: unknown, context: object): Decision<DecidedEvent['event']> {
  const rules = commandRules[name as keyof typeof commandRules] as (
    state: unknown,
    input: unknown,
    context: object,
  ) => Decision<DecidedEvent['event']>;
  return rules(state, input, context);
}
