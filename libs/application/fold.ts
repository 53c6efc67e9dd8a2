import { type Category, evolve, initialState, type StateByCategory } from '#libs/domain/aggregates.js';
import { required } from './metadata.js';
import type { Position, StoredEvent } from './ports/event-store.js';

/** A stream folded up to a revision; -1n while it is empty. Never changes: each advance makes a new one. */
export interface Folded<C extends Category> {
  readonly state: StateByCategory[C];
  readonly revision: bigint;
  readonly position: Position | undefined;
  readonly occurredAt: string;
  /** Of the last event; empty while there is none. */
  readonly eventId: string;
}

/** What a folded event leaves behind on average, measured on organizations of 100,000 members. */
export const BYTES_PER_EVENT = 800;

export const emptyFold = <C extends Category>(category: C): Folded<C> => ({
  state: initialState(category),
  revision: -1n,
  position: undefined,
  occurredAt: '',
  eventId: '',
});

export function step<C extends Category>(category: C, before: Folded<C>, event: StoredEvent): Folded<C> {
  const { id, type, data, revision, position } = event;
  const occurredAt = required(event.metadata, 'occurredAt');
  const state = evolve(category, before.state, { type, data, stamp: { id, revision, occurredAt } });
  return { state, revision, position, occurredAt, eventId: id };
}
