import { setTimeout as sleep } from 'node:timers/promises';
import { type Decision, isRefusal } from '#libs/domain/decision.js';
import {
  type RealmCommandInput,
  type RealmCommandName,
  realmDecisions,
  type RealmDecisionContext,
} from '#libs/domain/realm/commands.js';
import type { RealmEvent } from '#libs/domain/realm/events.js';
import type { RealmState } from '#libs/domain/realm/events.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { Appender } from './appender.js';
import { answerOf } from './answer.js';
import { authorize } from './authorize.js';
import { commandIdOf, eventIdOf } from './command-ids.js';
import { commandMetadata } from './command-metadata.js';
import { type RealmCommandRow, realmCommandTable } from './command-rows/realm.js';
import type { FindErasureObstacles } from './erasure/obstacles.js';
import type { Folds } from './folds.js';
import { KeyedQueue } from './keyed-queue.js';
import { meta } from './metadata.js';
import type { CommandOutcome } from './outcome.js';
import type { CommandRequest } from './pipeline.js';
import type { Clock } from './ports/clock.js';
import { EventStoreUnavailable, positionText, start } from './ports/event-store.js';
import type { PersonalData } from './ports/personal-data.js';
import type { RepeatedCommands } from './repeated-commands.js';
import { streamOf } from './streams.js';

const TRIES = 60;

/** One parsed command; its input has the type that its name tells. */
export type RealmStep = {
  [Name in RealmCommandName]: { readonly name: Name; readonly input: RealmCommandInput<Name> };
}[RealmCommandName];

export interface RealmCommandRequest extends Omit<CommandRequest, 'orgId' | 'steps'> {
  readonly step: RealmStep;
}

interface Plan extends RealmCommandRequest {
  readonly id: string;
  readonly stream: string;
  readonly digest: string;
  readonly name: string;
}

/**
 * The path of commands that append to the caller's realm. They are rare, and decide who administers the platform: each is
 * decided on folds that were read after it arrived.
 */
export class RealmPipeline {
  private readonly queue = new KeyedQueue();

  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
    private readonly repeated: RepeatedCommands,
    private readonly obstacles: FindErasureObstacles,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  async execute(request: RealmCommandRequest): Promise<CommandOutcome> {
    const { caller, step, idempotencyKey } = request;
    const stream = streamOf('realm', caller.realm);
    const digest = this.personalData.index('command', JSON.stringify([[step.name, step.input]]));
    const plan = { ...request, id: commandIdOf(caller, stream, idempotencyKey), stream, digest, name: step.name };
    try {
      return await this.queue.run(stream, () => this.attempt(plan));
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
      this.folds.forget(stream);
      return { kind: 'unavailable' };
    }
  }

  private async attempt(plan: Plan): Promise<CommandOutcome> {
    for (let tries = 0; tries < TRIES; ) {
      const outcome = await this.tried(plan);
      if (outcome !== undefined) return outcome;
      await sleep(Math.random() * Math.min(5 * ++tries, 100));
    }
    return { kind: 'conflict' };
  }

  /** Undefined on a conflict. */
  private async tried(plan: Plan): Promise<CommandOutcome | undefined> {
    const { caller, dryRun, ifMatch, idempotencyKey, step } = plan;
    const [realm, user] = await Promise.all([
      this.folds.current('realm', caller.realm),
      this.folds.current('user', caller.id),
    ]);
    const repeated = await this.repeated.find({ ...plan, orgId: undefined }, realm.position);
    if (repeated !== undefined) return repeated;
    const document = realm.state.realm;
    if (document === undefined) return { kind: 'unavailable' };
    const scheme = schemeOf(document.scheme);
    const now = this.clock.now();
    const facts = { scheme, realm: document, user: user.state.user, org: undefined, member: undefined };
    const row = rowOf(step.name);
    const need = { permission: row.permission, resource: { kind: 'realm' } } as const;
    const verdict = authorize([need], () => ({ ...facts, environment: undefined }), caller.id, now);
    if ('denied' in verdict) return { kind: 'denied', permission: need.permission, reason: verdict.denied.reason };
    const erased = row.erases?.(step.input);
    const erasure = erased === undefined ? undefined : await this.obstacles.of(erased, caller.realm);
    const decision = decide(step, realm.state, { scheme, actor: caller.id, at: now, erasure });
    if (isRefusal(decision)) {
      const { refused: code, orgs } = decision;
      return { kind: 'refused', code, step: 0, ...(orgs === undefined ? {} : { orgs }) };
    }
    if (ifMatch !== undefined && ifMatch !== realm.revision)
      return { kind: 'precondition_failed', revision: `${realm.revision}` };
    const noEffect = decision.length === 0 && idempotencyKey !== undefined && !dryRun;
    const decided: readonly RealmEvent[] = noEffect
      ? [{ type: 'RealmCommandHadNoEffect', data: { command: step.name } }]
      : decision;
    const authorizedBy = [`realm@${realm.revision}`, `user@${user.revision}`];
    const metadata = commandMetadata(plan, realm, scheme, authorizedBy, now);
    const events = decided.map((event, i) => ({
      ...event,
      id: eventIdOf(plan.id, plan.digest, i),
      metadata: {
        ...metadata,
        [meta.role]: verdict.role,
        [meta.evidence]: verdict.evidence.join(' '),
        [meta.part]: `${i + 1}/${decided.length}`,
      },
    }));
    if (events.length > 0 && !dryRun) {
      const outcome = await this.appender.append('realm', caller.realm, realm, events);
      if (outcome.kind === 'conflict') return undefined;
      return { kind: 'done', answer: answerOf(outcome.events), repeated: false };
    }
    const shown = events.map(({ id, type, data }) => ({ id, type, data }));
    const position = positionText(realm.position ?? start);
    const answer = { command: step.name, commandId: plan.id, events: shown, stream: plan.stream, position };
    return { kind: 'done', answer: { ...answer, revision: `${realm.revision}` }, repeated: false };
  }
}

// A step's name and input belong together by construction; indexing by the name alone loses that pairing.
const rowOf = (name: RealmCommandName) => realmCommandTable[name] as RealmCommandRow<never> as RealmCommandRow;

function decide({ name, input }: RealmStep, state: RealmState, context: RealmDecisionContext): Decision<RealmEvent> {
  const rules = realmDecisions[name] as (state: RealmState, input: unknown, context: unknown) => Decision<RealmEvent>;
  return rules(state, input, context);
}
