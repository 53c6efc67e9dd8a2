import { comparePositions, type Position } from '#libs/application/ports/event-store.js';

const MAX_SAMPLES = 1_000;

/**
 * How long something has stood in the log and not in the read models, seen from outside: each look remembers the head.
 * Under steady load the newest events are always missing; that alone is no lag.
 */
export class Lag {
  private unreached: { readonly head: Position; readonly seenAt: number }[] = [];

  /** Milliseconds since the oldest head was seen that the read models have not reached; 0 while they have all. */
  measure(head: Position | undefined, reached: Position | undefined, now: number): number {
    const missing = (place: Position) => reached === undefined || comparePositions(reached, place) < 0;
    this.unreached = this.unreached.filter((sample) => missing(sample.head));
    // In a long outage the oldest ones tell all.
    if (head !== undefined && missing(head) && this.unreached.length < MAX_SAMPLES)
      this.unreached.push({ head, seenAt: now });
    const [oldest] = this.unreached;
    return oldest === undefined ? 0 : Math.round(now - oldest.seenAt);
  }
}
