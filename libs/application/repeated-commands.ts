import { answerOf } from './answer.js';
import type { Folds } from './folds.js';
import { meta } from './metadata.js';
import type { CommandOutcome } from './outcome.js';
import { comparePositions, type EventStore, type Position, type StoredEvent } from './ports/event-store.js';
import type { CommandIndex, ReadPosition } from './ports/read-models.js';

/** How long a repeat waits for the command index, where only that can tell. */
const INDEX_WAIT_MS = 2000;
/** Streams that are read for a command whose target does not tell its stream; beyond that a repeat has to wait. */
const MAX_STREAMS_READ = 50;

export interface Repeatable {
  readonly id: string;
  readonly stream: string;
  readonly digests: readonly string[];
  readonly idempotencyKey: string | undefined;
  /** Whether its key may stand on another stream. */
  readonly elsewhere: boolean;
}

/** Finds the stored result of a command that was accepted before: among the stream's recent events, or in the index. */
export class RepeatedCommands {
  constructor(
    private readonly store: EventStore,
    private readonly folds: Folds,
    private readonly index: CommandIndex,
    private readonly readPosition: ReadPosition,
  ) {}

  /** Undefined when the command was not accepted up to the revision that is folded. */
  async find(command: Repeatable, foldedUpTo: Position | undefined): Promise<CommandOutcome | undefined> {
    const { found, forgottenUpTo } = this.folds.command(command.stream, command.id, foldedUpTo);
    if (found !== undefined)
      return this.answer(command, found.payloadDigest, command.stream, found.firstRevision, found.lastRevision);
    if (command.idempotencyKey === undefined) return undefined;
    // A realm command names its organization itself: under the same key it may have created another one.
    if (forgottenUpTo === undefined && !command.elsewhere) return undefined;
    if (forgottenUpTo !== undefined && !(await this.readPosition.reached(forgottenUpTo, INDEX_WAIT_MS)))
      return { kind: 'unavailable' };
    const { command: indexed, upTo, parked } = await this.index.find(command.id);
    if (indexed !== undefined)
      return this.answer(command, indexed.payloadDigest, indexed.stream, indexed.firstRevision, indexed.lastRevision);
    const complete = forgottenUpTo === undefined || (upTo !== undefined && comparePositions(upTo, forgottenUpTo) >= 0);
    return complete ? this.beyondIndex(command, parked) : { kind: 'unavailable' };
  }

  /** What the index lacks of parked streams, read from the log. */
  private async beyondIndex(
    command: Repeatable,
    parked: ReadonlyMap<string, bigint>,
  ): Promise<CommandOutcome | undefined> {
    const concerned = [...parked].filter(([stream]) => command.elsewhere || stream === command.stream);
    if (concerned.length > MAX_STREAMS_READ) return { kind: 'unavailable' };
    for (const [stream, from] of concerned) {
      const events: StoredEvent[] = [];
      for await (const page of this.store.read(stream, from))
        events.push(...page.filter(({ metadata }) => metadata[meta.commandId] === command.id));
      const [first, last] = [events[0], events.at(-1)];
      if (first === undefined || last === undefined) continue;
      const digest = first.metadata[meta.payloadDigest] ?? '';
      return this.answer(command, digest, stream, first.revision, last.revision);
    }
    return undefined;
  }

  private async answer(
    command: Repeatable,
    digest: string,
    stream: string,
    first: bigint,
    last: bigint,
  ): Promise<CommandOutcome> {
    if (!command.digests.includes(digest)) return { kind: 'idempotency_mismatch' };
    const events: StoredEvent[] = [];
    for await (const page of this.store.read(stream, first, Number(last - first) + 1))
      events.push(...page.filter(({ metadata }) => metadata[meta.commandId] === command.id));
    return { kind: 'done', answer: answerOf(events), repeated: true };
  }
}
