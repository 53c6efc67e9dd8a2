import { type Category, evolve, initialState, type StateByCategory } from '#libs/domain/aggregates.js';
import type { Stamp } from '#libs/domain/event.js';

export interface TypedEvent {
  readonly type: string;
  readonly data: unknown;
}

export const epoch = Date.parse('2026-01-01T00:00:00.000Z');

/** Event `e1` happened one second after the epoch of all specs, and so on. */
export function stamp(index: number): Stamp {
  return { id: `e${index}`, revision: BigInt(index - 1), occurredAt: new Date(epoch + index * 1000).toISOString() };
}

/** Folds events; `after` tells how many came before them. */
export function fold<C extends Category>(
  category: C,
  events: readonly TypedEvent[],
  state: StateByCategory[C] = initialState(category),
  after = 0,
): StateByCategory[C] {
  return events.reduce(
    (folded, { type, data }, i) => evolve(category, folded, { type, data, stamp: stamp(after + i + 1) }),
    state,
  );
}
