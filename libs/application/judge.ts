import { realmOf } from '#libs/domain/access/documents.js';
import { evolve, type StateByCategory } from '#libs/domain/aggregates.js';
import type { DecisionContext } from '#libs/domain/command.js';
import { type Decision, isRefusal } from '#libs/domain/decision.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { authorize, type Authorization, factsFrom, mayKnow, type PlatformFacts } from './authorize.js';
import { createdIdOf } from './command-ids.js';
import type { Plan, Step } from './command-request.js';
import { type Commanded, commandRules, rowOf } from './command-table.js';
import type { FindErasureObstacles } from './erasure/obstacles.js';
import type { Folded } from './fold.js';
import type { CommandOutcome } from './outcome.js';
import type { Clock } from './ports/clock.js';
import { emailIndexOf, type PersonalData } from './ports/personal-data.js';

/** The folds that a request is judged on. */
export interface Ground<C extends Commanded = Commanded> {
  readonly onto: Folded<C>;
  readonly platform: PlatformFacts | undefined;
}

interface Draft {
  readonly type: string;
  readonly data: unknown;
}

export interface DecidedEvent extends Authorization {
  readonly event: Draft;
  readonly command: string;
}

export interface Decided {
  readonly events: readonly DecidedEvent[];
  readonly scheme: CompiledScheme;
  /** Whom the events make members. */
  readonly joins: readonly string[];
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
    // What is posted to the realm is decided by its scheme, even where it names an organization that exists already.
    const pinned = posted?.scheme ?? platform?.realm.state.realm?.scheme;
    if (pinned === undefined) return { kind: 'unavailable' };
    const scheme = schemeOf(pinned);
    let state: StateByCategory[C] = onto.state;
    let authorization: Authorization = { role: '', evidence: [] };
    const events: DecidedEvent[] = [];
    const joins: string[] = [];
    for (const [index, step] of plan.steps.entries()) {
      const row = rowOf(step.name);
      const permitted = this.permitted(plan, step, state, scheme, platform, now);
      if ('kind' in permitted) return permitted;
      authorization = permitted;
      const erased = row.erases?.(step.input);
      const erasure = erased === undefined ? undefined : await this.obstacles.of(erased, plan.caller.realm);
      const decision = decide(step, state, { ...this.context(plan, index, scheme, now), erasure });
      if (isRefusal(decision)) {
        const { refused: code, ...told } = decision;
        return row.hides?.includes(code) === true
          ? { kind: 'hidden' }
          : { kind: 'refused', code, step: index, ...told };
      }
      if (decision.length > 0 && row.joins !== undefined) joins.push(row.joins(step.input, plan.caller.id));
      for (const event of decision) {
        const id = plan.eventId(events.length);
        const revision = onto.revision + BigInt(events.length + 1);
        const stamp = { id, revision, occurredAt: new Date(now).toISOString() };
        state = evolve(plan.category, state, { ...event, stamp });
        events.push({ event, command: step.name, ...authorization });
      }
    }
    if (plan.ifMatch !== undefined && plan.ifMatch !== onto.revision)
      return { kind: 'precondition_failed', revision: `${onto.revision}` };
    if (events.length === 0 && plan.idempotencyKey !== undefined && !plan.dryRun) {
      const event = { type: noEffect[plan.category], data: { command: plan.name } };
      events.push({ event, command: plan.name, ...authorization });
    }
    return { events, scheme, joins };
  }

  /** What allows the step, or why nothing does. */
  private permitted<C extends Commanded>(
    plan: Plan<C>,
    step: Step,
    state: StateByCategory[C],
    scheme: CompiledScheme,
    platform: PlatformFacts | undefined,
    now: number,
  ): Authorization | CommandOutcome {
    const { orgId, caller, category, target } = plan;
    const org = orgIn(plan, state);
    const situation = { input: step.input, orgId: category === 'org' ? target : '', state, scheme, actor: caller.id };
    const needs = rowOf(step.name).needs(situation);
    const verdict = authorize(needs, (need) => factsFrom(scheme, org, caller, need, platform, now), caller.id, now);
    if (!('denied' in verdict)) return verdict;
    const { denied, need } = verdict;
    const known =
      orgId === undefined || mayKnow(factsFrom(scheme, org, caller, need, platform, now), caller.id, orgId, now);
    return known ? { kind: 'denied', permission: need.permission, reason: denied.reason } : { kind: 'hidden' };
  }

  private context({ id, caller, keys }: Plan, index: number, scheme: CompiledScheme, at: number): DecisionContext {
    const { email } = caller.token;
    const emailIndex = (address: string) => emailIndexOf(this.personalData, address);
    return {
      scheme,
      newId: createdIdOf(id, index),
      actor: caller.id,
      realm: caller.realm,
      at,
      emailIndex,
      actorEmailIndex: email === null ? null : emailIndex(email),
      newKey: (place) => keys.of(place),
    };
  }
}

// The state is that of the plan's own category.
const orgIn = ({ category }: Plan, state: unknown): OrgState | undefined =>
  category === 'org' ? (state as OrgState) : undefined;

// A step's name, its input, and the state that its rules take belong together by construction.
function decide({ name, input }: Step, state: unknown, context: object): Decision<Draft> {
  const rules = commandRules[name] as (state: unknown, input: unknown, context: object) => Decision<Draft>;
  return rules(state, input, context);
}
