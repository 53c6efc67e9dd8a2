import { answerOf, answerWithoutAppend } from './answer.js';
import type { Appender } from './appender.js';
import { commandMetadata } from './command-metadata.js';
import { type CommandRequest, type Plan, planOf } from './command-request.js';
import type { Commanded } from './command-table.js';
import { draftsOf } from './event-drafts.js';
import type { Folded } from './fold.js';
import type { Folds } from './folds.js';
import type { Decided, Ground, Judge } from './judge.js';
import { KeyedQueue } from './keyed-queue.js';
import type { Claims } from './claims/claims.js';
import { meta } from './metadata.js';
import { NewKeys } from './new-keys.js';
import type { CommandOutcome } from './outcome.js';
import { platformFactsOf } from './platform-facts.js';
import type { Clock } from './ports/clock.js';
import { EventStoreUnavailable, type Metadata, start } from './ports/event-store.js';
import type { PersonalData } from './ports/personal-data.js';
import type { RepeatedCommands } from './repeated-commands.js';
import { afterConflict, TRIES } from './tries.js';

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
    private readonly claims: Claims,
    private readonly repeated: RepeatedCommands,
    private readonly judge: Judge,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  async execute(request: CommandRequest): Promise<CommandOutcome> {
    const plan = planOf(
      request,
      (payload) => this.personalData.indexes('command', payload),
      new NewKeys(this.personalData),
    );
    try {
      return await this.queue.run(plan.stream, () => this.attempt(plan));
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
      this.folds.forget(plan.stream);
      return { kind: 'unavailable' };
    }
  }

  private async attempt<C extends Commanded>(plan: Plan<C>): Promise<CommandOutcome> {
    let platform = plan.orgId === undefined ? await platformFactsOf(plan.caller, this.folds) : undefined;
    let onto = await this.folds.recent(plan.category, plan.target);
    for (let tries = 0, current = false; tries < TRIES; ) {
      const ground = { onto, platform };
      const answer = (await this.repeated.find(plan, onto.position)) ?? (await this.judge.judge(plan, ground));
      if ('kind' in answer || answer.events.length === 0 || plan.dryRun) {
        if (current) return 'kind' in answer ? answer : this.withoutAppend(plan, ground, answer);
        platform = await platformFactsOf(plan.caller, this.folds);
      } else {
        const done = await this.append(plan, ground, answer);
        if (done !== undefined) return done;
        await afterConflict(++tries);
        if (platform !== undefined) platform = await platformFactsOf(plan.caller, this.folds);
      }
      onto = await this.folds.current(plan.category, plan.target);
      current = true;
    }
    return { kind: 'conflict' };
  }

  /** The answer of a dry run, or of a command that changed nothing and has no key to remember. */
  private async withoutAppend(plan: Plan, ground: Ground, decided: Decided): Promise<CommandOutcome> {
    const code = await this.claims.inTheWay(decided.claimed, plan.target, plan.caller.realm);
    if (code !== undefined) return { kind: 'refused', code, step: 0 };
    const { onto } = ground;
    const events = draftsOf(decided.events, plan.eventId, this.metadata(plan, ground, decided));
    const answer = answerWithoutAppend(plan, events, onto);
    if (!plan.dryRun || plan.category !== 'org') return { kind: 'done', answer, repeated: false };
    const planned = events.map((event, i) => ({
      ...event,
      stream: plan.stream,
      revision: onto.revision + BigInt(i + 1),
      position: onto.position ?? start,
    }));
    // The category is the organization's.
    return { kind: 'done', answer, repeated: false, planned: { onto: onto as Folded<'org'>, events: planned } };
  }

  /** Undefined on a conflict. */
  private async append<C extends Commanded>(
    plan: Plan<C>,
    ground: Ground<C>,
    decided: Decided,
  ): Promise<CommandOutcome | undefined> {
    const metadata = this.metadata(plan, ground, decided);
    const code = await this.claims.take(decided.claimed, plan.target, metadata);
    if (code !== undefined) return { kind: 'refused', code, step: 0 };
    const drafts = draftsOf(decided.events, plan.eventId, metadata);
    const outcome = await this.appender.append(plan.category, plan.target, ground.onto, drafts);
    return outcome.kind === 'conflict'
      ? undefined
      : { kind: 'done', answer: plan.keys.shownIn(answerOf(outcome.events)), repeated: false };
  }

  private metadata(plan: Plan, { onto, platform }: Ground, { scheme }: Decided): Metadata {
    const revisions = [`${plan.category}@${onto.revision}`];
    if (platform !== undefined) revisions.push(`realm@${platform.realm.revision}`, `user@${platform.user.revision}`);
    // Who folds the realm to the instant of an event finds there what the event rests on, whatever another clock says.
    const before = platform?.realm.occurredAt ?? '';
    const after = before > onto.occurredAt ? before : onto.occurredAt;
    return {
      ...commandMetadata(plan, after, scheme, [...new Set(revisions)], this.clock.now()),
      ...(plan.category === 'org' ? { [meta.org]: plan.target } : {}),
      ...(plan.steps.length > 1 ? { [meta.batch]: `${plan.steps.length}` } : {}),
    };
  }
}
