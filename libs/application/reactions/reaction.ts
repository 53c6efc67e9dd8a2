import type { StoredEvent } from '../ports/event-store.js';

/**
 * What an event means to a reaction: from it on the reaction has something to do for the key, has something to do again if
 * it has begun before, or has nothing to do any more. Events of one key stand in one stream.
 */
export interface Concern {
  readonly key: string;
  readonly does: 'begins' | 'touches' | 'ends';
}

/** A key for which something is to be done: up to this revision of its stream. */
export interface Due {
  readonly key: string;
  readonly revision: bigint;
}

export interface Reacted {
  /** What was done, in a word: kept until it is done again. */
  readonly outcome: string;
  /** How long the same key rests now, in milliseconds, whatever comes meanwhile. */
  readonly restMs: number;
}

/**
 * Something outside of the log that follows from it: done at least once for the last event that concerned a key, so that
 * doing it twice has to be harmless. Several events may be answered by one doing.
 */
export abstract class Reaction {
  /** Stored; never changes. */
  abstract readonly name: string;
  abstract concernOf(event: StoredEvent): Concern | undefined;
  /** Throws what could not be done: it is tried again later, for this key, and nobody else waits. */
  abstract react(due: Due, signal: AbortSignal): Promise<Reacted>;
}

/** Why something could not be done, in a word that may be shown to whom it concerns. */
export class ReactionFailed extends Error {
  override readonly name = 'ReactionFailed';

  constructor(
    readonly code: string,
    detail?: unknown,
  ) {
    super(code, { cause: detail });
  }
}
