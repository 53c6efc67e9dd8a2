import { setTimeout as sleep } from 'node:timers/promises';
import { realmOf } from '#libs/domain/access/documents.js';
import { evolve } from '#libs/domain/aggregates.js';
import { type Decision, isRefusal } from '#libs/domain/decision.js';
import {
  type DecisionContext,
  orgDecisions,
  type OrgCommandInput,
  type OrgCommandName,
} from '#libs/domain/org/decisions.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { Appender } from './appender.js';
import { answerOf, BATCH } from './answer.js';
import { authorize, type Authorization, factsFrom, mayKnow, type PlatformFacts } from './authorize.js';
import type { Caller } from './caller.js';
import { commandIdOf, createdIdOf, eventIdOf } from './command-ids.js';
import { commandMetadata } from './command-metadata.js';
import { type CommandRow, orgCommandTable } from './command-table.js';
import type { Folded } from './fold.js';
import type { Folds } from './folds.js';
import { KeyedQueue } from './keyed-queue.js';
import type { MembershipClaims } from './membership-claims.js';
import { meta } from './metadata.js';
import type { CommandOutcome } from './outcome.js';
import type { Clock } from './ports/clock.js';
import { EventStoreUnavailable, type EventToAppend, type Metadata, positionText, start } from './ports/event-store.js';
import { emailIndexOf, type PersonalData } from './ports/personal-data.js';
import type { RepeatedCommands } from './repeated-commands.js';
import { streamOf } from './streams.js';

const TRIES = 60;

/** One parsed command; its input has the type that its name tells. */
export type Step = {
  [Name in OrgCommandName]: { readonly name: Name; readonly input: OrgCommandInput<Name> };
}[OrgCommandName];

export interface CommandRequest {
  /** Where it was posted: the organization's id, or undefined for the realm. */
  readonly orgId: string | undefined;
  /** Appended as one: all or none. */
  readonly steps: readonly Step[];
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
  readonly dryRun: boolean;
  /** The revision that the client expects the stream to be at. */
  readonly ifMatch: bigint | undefined;
  readonly correlation: string;
  /** W3C trace context to be kept with the events; decides nothing. */
  readonly traceparent?: string | undefined;
}

/** A request with everything derived from it that does not change while it is tried. */
interface Plan extends CommandRequest {
  readonly id: string;
  readonly org: string;
  readonly stream: string;
  readonly digest: string;
}

interface DecidedEvent extends Authorization {
  readonly event: OrgEvent;
  readonly command: string;
}

interface Decided {
  readonly events: readonly DecidedEvent[];
  readonly scheme: CompiledScheme;
  readonly joins: readonly string[];
}

/**
 * The one path of every command: fold, permit, decide, append at the folded revision. A first try may use a fold that lags
 * behind: an append at its revision proves that it did not, and any other answer is given on a fold read after the command
 * arrived. A conflict means fold again and decide again, never append again.
 */
export class CommandPipeline {
  private readonly queue = new KeyedQueue();

  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
    private readonly claims: MembershipClaims,
    private readonly repeated: RepeatedCommands,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  async execute(request: CommandRequest): Promise<CommandOutcome> {
    const plan = this.plan(request);
    try {
      return await this.queue.run(plan.stream, () => this.attempt(plan));
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
      this.folds.forget(plan.stream);
      return { kind: 'unavailable' };
    }
  }

  private plan(request: CommandRequest): Plan {
    const { caller, orgId, steps, idempotencyKey } = request;
    const target = orgId === undefined ? streamOf('realm', caller.realm) : streamOf('org', orgId);
    const id = commandIdOf(caller, target, idempotencyKey);
    const named = steps.flatMap((step) => (step.name === 'CreateOrg' ? [step.input.orgId ?? createdIdOf(id, 0)] : []));
    const org = orgId ?? named[0] ?? createdIdOf(id, 0);
    const digest = this.personalData.index('command', JSON.stringify(steps.map(({ name, input }) => [name, input])));
    return { ...request, id, org, stream: streamOf('org', org), digest };
  }

  private async attempt(plan: Plan): Promise<CommandOutcome> {
    let org = await this.folds.recent('org', plan.org);
    let platform = plan.orgId === undefined ? await this.platform(plan.caller) : undefined;
    for (let tries = 0, current = false; tries < TRIES; ) {
      const answer = (await this.repeated.find(plan, org.position)) ?? this.judge(plan, org, platform);
      if ('kind' in answer || answer.events.length === 0 || plan.dryRun) {
        if (current) return 'kind' in answer ? answer : this.withoutAppend(plan, org, answer, platform);
        org = await this.folds.current('org', plan.org);
        platform = await this.platform(plan.caller);
        current = true;
        continue;
      }
      const done = await this.append(plan, org, answer, platform);
      if (done !== undefined) return done;
      // Other processes move the stream: wait a little longer each time, not in step with them.
      await sleep(Math.random() * Math.min(5 * ++tries, 100));
      org = await this.folds.current('org', plan.org);
      if (platform !== undefined) platform = await this.platform(plan.caller);
      current = true;
    }
    return { kind: 'conflict' };
  }

  /** Read after the command arrived, so that a role taken away before is not accepted. */
  private async platform(caller: Caller): Promise<PlatformFacts> {
    const [realm, user] = await Promise.all([
      this.folds.current('realm', caller.realm),
      this.folds.current('user', caller.id),
    ]);
    return { realm, user };
  }

  /** Permits and decides every step on the state that the steps before it leave. */
  private judge(plan: Plan, folded: Folded<'org'>, platform: PlatformFacts | undefined): CommandOutcome | Decided {
    const { caller } = plan;
    const { email } = caller.token;
    const now = this.clock.now();
    let state = folded.state;
    let authorization: Authorization = { role: '', evidence: [] };
    const events: DecidedEvent[] = [];
    const joins: string[] = [];
    const scheme = this.schemeFor(plan, state, platform);
    if (plan.orgId !== undefined && (state.org.status !== 'active' || realmOf(state.org) !== caller.realm))
      return { kind: 'hidden' };
    if (scheme === undefined) return { kind: 'unavailable' };
    for (const [index, step] of plan.steps.entries()) {
      const row = rowOf(step.name);
      const needs = row.needs({ input: step.input, orgId: plan.org, state, scheme, actor: caller.id });
      const at = state;
      const verdict = authorize(needs, (need) => factsFrom(scheme, at, caller.id, need, platform), caller.id, now);
      if ('denied' in verdict)
        return this.denial(plan, verdict, factsFrom(scheme, at, caller.id, verdict.need, platform), now);
      authorization = verdict;
      const decision = decide(step, state, {
        scheme,
        newId: createdIdOf(plan.id, index),
        actor: caller.id,
        realm: caller.realm,
        at: now,
        emailIndex: (address) => emailIndexOf(this.personalData, address),
        actorEmailIndex: email === null ? null : emailIndexOf(this.personalData, email),
      });
      if (isRefusal(decision)) {
        const { refused: code, exceeded } = decision;
        if (row.hides?.includes(code) === true) return { kind: 'hidden' };
        return { kind: 'refused', code, step: index, ...(exceeded === undefined ? {} : { exceeded }) };
      }
      if (decision.length > 0 && row.joins !== undefined) joins.push(row.joins(step.input, caller.id));
      for (const event of decision) {
        const id = eventIdOf(plan.id, plan.digest, events.length);
        const stamp = {
          id,
          revision: folded.revision + BigInt(events.length + 1),
          occurredAt: new Date(now).toISOString(),
        };
        state = evolve('org', state, { ...event, stamp });
        events.push({ event, command: step.name, ...authorization });
      }
    }
    if (plan.ifMatch !== undefined && plan.ifMatch !== folded.revision)
      return { kind: 'precondition_failed', revision: `${folded.revision}` };
    if (events.length === 0 && plan.idempotencyKey !== undefined && !plan.dryRun)
      events.push({
        event: { type: 'CommandHadNoEffect', data: { command: nameOf(plan) } },
        command: nameOf(plan),
        ...authorization,
      });
    return { events, scheme, joins };
  }

  private denial(
    plan: Plan,
    { denied, need }: Extract<ReturnType<typeof authorize>, { denied: unknown }>,
    facts: ReturnType<typeof factsFrom>,
    now: number,
  ): CommandOutcome {
    const known = plan.orgId === undefined || mayKnow(facts, plan.caller.id, plan.org, now);
    return known ? { kind: 'denied', permission: need.permission, reason: denied.reason } : { kind: 'hidden' };
  }

  /** What is posted to the realm is decided by its scheme, even where it names an organization that exists already. */
  private schemeFor({ orgId }: Plan, state: OrgState, platform: PlatformFacts | undefined): CompiledScheme | undefined {
    if (orgId !== undefined && state.org.status === 'active') return schemeOf(state.org.scheme);
    const realm = platform?.realm.state.realm;
    return realm && schemeOf(realm.scheme);
  }

  /** The answer of a dry run, or of a command that changed nothing and has no key to remember. */
  private async withoutAppend(
    plan: Plan,
    org: Folded<'org'>,
    decided: Decided,
    platform: PlatformFacts | undefined,
  ): Promise<CommandOutcome> {
    if (decided.scheme.document.tenancy.orgsPerUser === 1)
      for (const userId of decided.joins)
        if (await this.claims.elsewhere(userId, plan.org, plan.caller.realm))
          return { kind: 'refused', code: 'member_elsewhere', step: 0 };
    const events = this.drafts(plan, decided, this.metadata(plan, org, decided, platform));
    const position = org.position ?? start;
    const answer = {
      command: nameOf(plan),
      commandId: plan.id,
      events: events.map(({ id, type, data }) => ({ id, type, data })),
      stream: plan.stream,
      revision: `${org.revision}`,
      position: positionText(position),
    };
    if (!plan.dryRun) return { kind: 'done', answer, repeated: false };
    const planned = events.map((event, i) => ({
      ...event,
      stream: plan.stream,
      revision: org.revision + BigInt(i + 1),
      position,
    }));
    return { kind: 'done', answer, repeated: false, planned: { onto: org, events: planned } };
  }

  /** Undefined on a conflict. */
  private async append(
    plan: Plan,
    org: Folded<'org'>,
    decided: Decided,
    platform: PlatformFacts | undefined,
  ): Promise<CommandOutcome | undefined> {
    const metadata = this.metadata(plan, org, decided, platform);
    if (decided.scheme.document.tenancy.orgsPerUser === 1)
      for (const userId of decided.joins)
        if (!(await this.claims.take(userId, plan.org, metadata)))
          return { kind: 'refused', code: 'member_elsewhere', step: 0 };
    const outcome = await this.appender.append('org', plan.org, org, this.drafts(plan, decided, metadata));
    return outcome.kind === 'conflict'
      ? undefined
      : { kind: 'done', answer: answerOf(outcome.events), repeated: false };
  }

  private drafts(plan: Plan, { events }: Decided, metadata: Metadata): readonly EventToAppend[] {
    return events.map(({ event, command, role, evidence }, i) => ({
      ...event,
      id: eventIdOf(plan.id, plan.digest, i),
      metadata: {
        ...metadata,
        [meta.command]: command,
        [meta.role]: role,
        [meta.evidence]: evidence.join(' '),
        [meta.part]: `${i + 1}/${events.length}`,
      },
    }));
  }

  private metadata(plan: Plan, org: Folded<'org'>, { scheme }: Decided, platform: PlatformFacts | undefined): Metadata {
    const revisions = [`org@${org.revision}`];
    if (platform !== undefined) revisions.push(`realm@${platform.realm.revision}`, `user@${platform.user.revision}`);
    return {
      ...commandMetadata({ ...plan, name: nameOf(plan) }, org, scheme, revisions, this.clock.now()),
      [meta.org]: plan.org,
      ...(plan.steps.length > 1 ? { [meta.batch]: `${plan.steps.length}` } : {}),
    };
  }
}

const nameOf = ({ steps }: CommandRequest): string => (steps.length === 1 ? (steps[0]?.name ?? '') : BATCH);

// A step's name and input belong together by construction; indexing by the name alone loses that pairing.
const rowOf = (name: OrgCommandName) => orgCommandTable[name] as CommandRow<never> as CommandRow;

function decide({ name, input }: Step, state: OrgState, context: DecisionContext): Decision<OrgEvent> {
  const rules = orgDecisions[name] as (state: OrgState, input: unknown, context: unknown) => Decision<OrgEvent>;
  return rules(state, input, context);
}
