import { realmOf } from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import { evolve, type StateByCategory } from '#libs/domain/aggregates.js';
import type { DecisionContext } from '#libs/domain/command.js';
import { type Decision, isRefusal } from '#libs/domain/decision.js';
import { invitationsTo, type OrgState } from '#libs/domain/org/org.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { findScheme, schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { authorize, type Authorization, factsFrom, mayKnow, type PlatformFacts } from './authorize.js';
import { createdIdOf } from './command-ids.js';
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
import { emailIndexesOf, type Indexes, type PersonalData } from './ports/personal-data.js';

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
      const context = {
        ...this.context(plan, index, scheme, now, orgIn(plan, state)),
        ...besides(plan, platform, now),
        erasure,
      };
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

  private context(
    { id, caller, keys }: Plan,
    index: number,
    scheme: CompiledScheme,
    at: number,
    org: OrgState | undefined,
  ): DecisionContext {
    const { email } = caller.token;
    const emailIndex = (address: string) => indexIn(org, emailIndexesOf(this.personalData, address));
    return {
      scheme,
      newId: createdIdOf(id, index),
      actor: caller.id,
      realm: caller.realm,
      at,
      emailIndex,
      actorEmailIndex: email === null ? null : emailIndex(email),
      byKey: caller.apiKey !== undefined,
      inSession: typeof caller.activeOrg === 'string',
      newKey: (place) => keys.of(place),
    };
  }
}

/** What the realm tells beside, where it was read. */
function besides({ caller }: Plan, platform: PlatformFacts | undefined, at: number) {
  const realmDocument = platform?.realm.state.realm;
  const nothing = { org: undefined, member: undefined, environment: undefined };
  const mayUnder = (scheme: CompiledScheme, permission: Permission) => {
    const facts = { scheme, realm: realmDocument, user: platform?.user.state.user, ...nothing };
    return permit(facts, { principal: caller.id, permission, resource: { kind: 'realm' }, at }).allowed;
  };
  return { realmDocument, mayUnder };
}

/** The index by which an organization already waits for the address, else that of the present key. */
function indexIn(org: OrgState | undefined, indexes: Indexes): string {
  const [present, ...former] = indexes;
  if (former.length === 0 || org === undefined) return present;
  const waits = (index: string) => invitationsTo(org, index).some(({ status }) => status === 'pending');
  return indexes.find(waits) ?? present;
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
