import { bindingsOf, type Resource } from '#libs/domain/access/bindings.js';
import type { ActivityEvent } from '#libs/domain/activity/activity.js';
import { holderIn } from '#libs/domain/org/org.js';
import { BATCH } from '../answer.js';
import { type CommandRequest, idOf } from '../command-request.js';
import { isUsageCommand } from '../command-table.js';
import type { Folds } from '../folds.js';
import { type CommandOutcome, isRefused, type Refused } from '../outcome.js';
import { pinnedScheme } from '../pinned-scheme.js';
import type { CommandPipeline } from '../pipeline.js';
import type { Clock } from '../ports/clock.js';
import type { ActivityLog } from './activity-log.js';
import { namedIds } from './named-ids.js';
import { recordedInTime } from './recorded-in-time.js';

/**
 * Executes commands and records those that are refused, where the scheme has refusals audited: each one once, and every
 * repeat anew, as it is decided anew. A dry run leaves nothing. What could not be decided, such as a conflict, was not refused.
 */
export class RecordedCommands {
  /** `onLost` is told of each refusal that could not be recorded. */
  constructor(
    private readonly pipeline: Pick<CommandPipeline, 'execute'>,
    private readonly activity: ActivityLog,
    private readonly folds: Folds,
    private readonly clock: Clock,
    private readonly onLost: (error: unknown, lost: { readonly command: string; readonly correlation: string }) => void,
  ) {}

  async execute(request: CommandRequest): Promise<CommandOutcome> {
    const outcome = await this.pipeline.execute(request);
    if (request.dryRun || !isRefusedAttempt(request, outcome)) return outcome;
    await recordedInTime(this.record(request, outcome), (error) =>
      this.onLost(error, { command: nameOf(request, outcome), correlation: request.correlation }),
    );
    return outcome;
  }

  private async record(request: CommandRequest, outcome: Refused): Promise<void> {
    const { caller, orgId, correlation, traceparent } = request;
    // Whoever has nothing to do with an organization leaves no trace in it, and none that tells whether there is one.
    const own = outcome.kind === 'hidden' ? undefined : orgId;
    const [realm, user, org] = await Promise.all([
      this.folds.recent('realm', caller.realm),
      this.folds.recent('user', caller.id),
      own === undefined ? undefined : this.folds.recent('org', own),
    ]);
    const reference = org?.state.org.status === 'active' ? org.state.org.scheme : realm.state.realm?.scheme;
    const scheme = reference && (await pinnedScheme(this.folds, caller.realm, reference));
    if (scheme === undefined || scheme.document.refusals.audit === 'none') return;
    const resource: Resource = own === undefined ? { kind: 'realm' } : { kind: 'org', orgId: own };
    const facts = {
      scheme,
      realm: realm.state.realm,
      user: user.state.user,
      org: org?.state.org,
      member: org && holderIn(org.state, caller.id),
      environment: undefined,
    };
    const now = this.clock.now();
    const roles = bindingsOf(facts, caller.id, resource).filter(({ from, until }) => now >= from && now < until);
    await this.activity.record({
      event: eventOf(request, outcome),
      caller,
      orgId: own,
      command: nameOf(request, outcome),
      commandId: idOf(request),
      correlation,
      role: [...new Set(roles.map(({ role }) => role))].sort().join(' '),
      scheme: `${scheme.document.id}@${scheme.document.version}`,
      traceparent,
    });
  }
}

/** That a cap is reached is an answer to whoever meters, and they ask all the time; that they may not ask at all is a refusal. */
export const isRefusedAttempt = ({ steps }: CommandRequest, outcome: CommandOutcome): outcome is Refused =>
  isRefused(outcome) && !(outcome.kind === 'refused' && steps.some(({ name }) => isUsageCommand(name)));

/** The refused step's name, where it is known which one that was. */
function nameOf({ steps }: CommandRequest, outcome: Refused): string {
  const [first] = steps;
  const step = outcome.kind === 'refused' ? steps[outcome.step] : steps.length === 1 ? first : undefined;
  return step?.name ?? BATCH;
}

function eventOf(request: CommandRequest, outcome: Refused): ActivityEvent {
  const { steps, orgId } = request;
  const concerned = outcome.kind === 'refused' ? steps.slice(outcome.step, outcome.step + 1) : steps;
  const named = {
    command: nameOf(request, outcome),
    targets: namedIds(concerned.map(({ input }) => input)),
    ...(outcome.kind === 'hidden' && orgId !== undefined ? { orgId } : {}),
  };
  return { type: 'CommandRefused', data: { ...named, ...ruleOf(outcome) } };
}

function ruleOf(outcome: Refused) {
  if (outcome.kind === 'refused') return { outcome: 'refused', code: outcome.code } as const;
  if (outcome.kind === 'hidden') return { outcome: 'denied', code: 'not_found' } as const;
  const { permission, reason } = outcome;
  return { outcome: 'denied', code: 'forbidden', permission, reason } as const;
}
