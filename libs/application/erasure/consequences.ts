import type { Category } from '#libs/domain/aggregates.js';
import type { Appender } from '../appender.js';
import { followingIdOf } from '../command-ids.js';
import type { Folded } from '../fold.js';
import type { Folds } from '../folds.js';
import { meta } from '../metadata.js';
import type { Clock } from '../ports/clock.js';
import type { PendingErasure } from '../ports/erasures.js';
import { EventStoreUnavailable } from '../ports/event-store.js';
import { streamOf } from '../streams.js';

const TRIES = 20;

interface Draft {
  readonly type: string;
  readonly data: unknown;
}

/** Appends what follows from the command that asked for an erasure, to whichever stream. */
export class Consequences {
  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
    private readonly clock: Clock,
  ) {}

  /** Decides on the stream's fold, and anew on each conflict; appends nothing where nothing is decided. */
  async append<C extends Category>(
    category: C,
    id: string,
    request: PendingErasure,
    decide: (folded: Folded<C>) => readonly Draft[] | Promise<readonly Draft[]>,
  ): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const folded = await this.folds.current(category, id);
      const drafts = await decide(folded);
      if (drafts.length === 0) return;
      const outcome = await this.appender.append(
        category,
        id,
        folded,
        this.stamped(request, folded, category, id, drafts),
      );
      if (outcome.kind === 'appended') return;
    }
    throw new EventStoreUnavailable(`${streamOf(category, id)} kept moving while ${request.userId} was erased`);
  }

  /** The command's own actor and reason: what follows from a command stands in the audit log as its consequence. */
  private stamped(
    request: PendingErasure,
    folded: Folded<Category>,
    category: Category,
    id: string,
    drafts: readonly Draft[],
  ) {
    const now = new Date(this.clock.now()).toISOString();
    const { realm, requestId, requestedBy, command, correlation } = request;
    const commandId = followingIdOf(requestId, `${category}-${id}@${folded.revision}`);
    return drafts.map((draft, i) => ({
      ...draft,
      id: followingIdOf(commandId, `${draft.type}/${i}`),
      metadata: {
        [meta.realm]: realm,
        ...(category === 'org' ? { [meta.org]: id } : {}),
        [meta.actor]: requestedBy,
        [meta.command]: command,
        [meta.commandId]: commandId,
        [meta.payloadDigest]: '',
        [meta.keyed]: 'false',
        [meta.occurredAt]: now > folded.occurredAt ? now : folded.occurredAt,
        [meta.correlation]: correlation,
        [meta.causation]: requestId,
        [meta.evidence]: requestId,
        [meta.part]: `${i + 1}/${drafts.length}`,
      },
    }));
  }
}
