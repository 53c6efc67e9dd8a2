import { v4 as randomId } from 'uuid';
import type { Category } from '#libs/domain/aggregates.js';
import type { Appender } from './appender.js';
import type { Folded } from './fold.js';
import type { Folds } from './folds.js';
import { meta } from './metadata.js';
import type { Clock } from './ports/clock.js';
import { EventStoreUnavailable } from './ports/event-store.js';

const TRIES = 20;

interface Draft {
  readonly type: string;
  readonly data: unknown;
}

/** Who is said to have recorded it, and as what. */
export interface RecordedBy {
  readonly actor: string;
  readonly realm: string;
  readonly command: string;
}

/** Appends what nobody has sent as a command: what was observed, or follows from what was done elsewhere. */
export class Recorder {
  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
    private readonly clock: Clock,
  ) {}

  /**
   * Appends what `decide` finds missing, all of it or nothing, and answers the fold with it. It is asked again on each newer
   * fold until nothing is missing. Throws EventStoreUnavailable.
   */
  async record<C extends Category>(
    category: C,
    id: string,
    { actor, realm, command }: RecordedBy,
    decide: (folded: Folded<C>) => readonly Draft[],
  ): Promise<Folded<C>> {
    let folded = await this.folds.recent(category, id);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const drafts = decide(folded);
      if (drafts.length === 0) return folded;
      const commandId = randomId();
      const now = new Date(this.clock.now()).toISOString();
      const metadata = {
        [meta.realm]: realm,
        [meta.actor]: actor,
        [meta.command]: command,
        [meta.commandId]: commandId,
        [meta.correlation]: commandId,
        [meta.keyed]: 'false',
        [meta.occurredAt]: now > folded.occurredAt ? now : folded.occurredAt,
      };
      const events = drafts.map((draft, i) => ({
        ...draft,
        id: randomId(),
        metadata: { ...metadata, [meta.part]: `${i + 1}/${drafts.length}` },
      }));
      await this.appender.append(category, id, folded, events);
      folded = await this.folds.current(category, id);
    }
    throw new EventStoreUnavailable(`the stream ${category}-${id} kept moving while something was recorded in it`);
  }
}
