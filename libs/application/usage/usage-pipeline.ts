import { realmOf } from '#libs/domain/access/documents.js';
import { isRefusal } from '#libs/domain/decision.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type UsageCommandName, usageDecisions } from '#libs/domain/usage/commands.js';
import type { UsageEvent } from '#libs/domain/usage/usage.js';
import { answerOf, answerWithoutAppend } from '../answer.js';
import type { Appender } from '../appender.js';
import { type Authorization, authorize, factsFrom, mayKnow, type PlatformFacts } from '../authorize.js';
import { eventIdOf } from '../command-ids.js';
import { commandMetadata } from '../command-metadata.js';
import { type CommandRequest, idOf, type Step } from '../command-request.js';
import { isUsageCommand, type Need, rowOf } from '../command-table.js';
import { deniedBy } from '../denied.js';
import { draftsOf } from '../event-drafts.js';
import type { Folded } from '../fold.js';
import type { Folds } from '../folds.js';
import { KeyedQueue } from '../keyed-queue.js';
import { meta } from '../metadata.js';
import type { CommandOutcome } from '../outcome.js';
import { pinnedScheme } from '../pinned-scheme.js';
import { platformFactsOf } from '../platform-facts.js';
import type { Clock } from '../ports/clock.js';
import { EventStoreUnavailable, type EventToAppend } from '../ports/event-store.js';
import type { PersonalData } from '../ports/personal-data.js';
import { streamOf } from '../streams.js';
import { afterConflict, TRIES } from '../tries.js';
import type { UsageNow, UsageTail } from './usage-tail.js';

type UsageStep = Extract<Step, { readonly name: UsageCommandName }>;

interface Plan extends CommandRequest {
  readonly step: UsageStep;
  readonly org: string;
  readonly id: string;
  readonly stream: string;
  readonly digest: string;
  /** The same under every key that there was. */
  readonly digests: readonly string[];
  readonly name: string;
}

/** Who was let do it, by which folds. */
interface Permitted extends Authorization {
  readonly org: Folded<'org'>;
  readonly platform: PlatformFacts;
  readonly scheme: CompiledScheme;
}

/**
 * The path of commands that append to an organization's usage. Who meters is permitted on folds that were read after the
 * command arrived. What rests on nothing recorded is appended wherever the stream ends, so that those who meter are in nobody's way;
 * what was decided on what is recorded is appended right after that, or decided again.
 */
export class UsagePipeline {
  private readonly queue = new KeyedQueue();
  private lastMs = 0;

  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
    private readonly tail: UsageTail,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  /** A request of one command. */
  async execute(request: CommandRequest): Promise<CommandOutcome> {
    const { orgId: org, steps } = request;
    const step = steps.find(isUsageStep);
    if (org === undefined || step === undefined) return { kind: 'hidden' };
    const stream = streamOf('usage', org);
    const digests = this.personalData.indexes('command', JSON.stringify([[step.name, step.input]]));
    const [digest] = digests;
    const plan = { ...request, step, org, id: idOf(request), stream, digest, digests, name: step.name };
    try {
      const ordered = usageDecisions[step.name].meters !== undefined;
      return await (ordered ? this.queue.run(stream, () => this.attempt(plan)) : this.attempt(plan));
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
      return { kind: 'unavailable' };
    }
  }

  private async attempt(plan: Plan): Promise<CommandOutcome> {
    for (let tries = 0; tries < TRIES; ) {
      const outcome = await this.tried(plan);
      if (outcome !== undefined) return outcome;
      await afterConflict(++tries);
    }
    return { kind: 'conflict' };
  }

  /** Undefined on a conflict. */
  private async tried(plan: Plan): Promise<CommandOutcome | undefined> {
    const permitted = await this.permitted(plan);
    if ('kind' in permitted) return permitted;
    const { org, scheme } = permitted;
    const { step, idempotencyKey, ifMatch, dryRun } = plan;
    const at = this.clock.now();
    const rules = usageDecisions[step.name];
    const meters = rules.meters?.(org.state, step.input, scheme, at) ?? [];
    const rests = rules.meters !== undefined || idempotencyKey !== undefined || ifMatch !== undefined || dryRun;
    const now = rests ? await this.tail.now(plan.org, meters, plan.id) : undefined;
    if (now?.repeated !== undefined) return repeatOf(plan, now.repeated);
    const decision = rules.decide(step.input, { org: org.state, scheme, at, values: now?.values ?? new Map() });
    if (isRefusal(decision)) {
      const { refused: code, exceeded } = decision;
      return { kind: 'refused', code, step: 0, ...(exceeded === undefined ? {} : { exceeded }) };
    }
    if (ifMatch !== undefined && ifMatch !== now?.revision)
      return { kind: 'precondition_failed', revision: `${now?.revision}` };
    const events = this.drafts(plan, decision, permitted, at);
    if (dryRun) {
      const head = { revision: now?.revision, position: org.position };
      return { kind: 'done', answer: answerWithoutAppend(plan, events, head), repeated: false };
    }
    const expected = rules.meters === undefined && ifMatch === undefined ? 'any' : (now?.revision ?? 'any');
    const outcome = await this.appender.add('usage', plan.org, expected, events);
    return outcome.kind === 'conflict'
      ? undefined
      : { kind: 'done', answer: answerOf(outcome.events), repeated: false };
  }

  private async permitted({ caller, org: orgId, step }: Plan): Promise<Permitted | CommandOutcome> {
    const [org, platform] = await Promise.all([this.folds.current('org', orgId), platformFactsOf(caller, this.folds)]);
    if (org.state.org.status !== 'active' || realmOf(org.state.org) !== caller.realm) return { kind: 'hidden' };
    const scheme = await pinnedScheme(this.folds, caller.realm, org.state.org.scheme);
    const now = this.clock.now();
    const factsFor = (need: Need) => factsFrom(scheme, org.state, caller, need, platform, now);
    const needs = rowOf(step.name).needs({ input: step.input, orgId, state: org.state, scheme, actor: caller.id });
    const verdict = authorize(needs, factsFor, caller.id, now);
    if (!('denied' in verdict)) return { ...verdict, org, platform, scheme };
    if (!mayKnow(factsFor(verdict.need), caller.id, orgId, now)) return { kind: 'hidden' };
    const { need, denied } = verdict;
    return deniedBy(scheme, need.permission, need.resource, denied.reason);
  }

  private drafts(
    plan: Plan,
    decided: readonly UsageEvent[],
    permitted: Permitted,
    at: number,
  ): readonly EventToAppend[] {
    const { org, platform, scheme } = permitted;
    // Never backwards within this process; two processes' clocks may differ.
    this.lastMs = Math.max(this.lastMs, at);
    const authorizedBy = [`org@${org.revision}`, `realm@${platform.realm.revision}`, `user@${platform.user.revision}`];
    const metadata = commandMetadata(plan, '', scheme, authorizedBy, this.lastMs);
    const events = decided.map((event) => ({ ...permitted, event, command: plan.name }));
    return draftsOf(events, (i) => eventIdOf(plan.id, plan.digest, i), { ...metadata, [meta.org]: plan.org });
  }
}

function repeatOf(plan: Plan, events: NonNullable<UsageNow['repeated']>): CommandOutcome {
  if (!plan.digests.includes(events[0]?.metadata[meta.payloadDigest] ?? '')) return { kind: 'idempotency_mismatch' };
  return { kind: 'done', answer: answerOf(events), repeated: true };
}

const isUsageStep = (step: Step): step is UsageStep => isUsageCommand(step.name);
