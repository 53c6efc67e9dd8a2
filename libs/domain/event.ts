import type { z } from 'zod';

/** The typed union of the events that a map of schemas describes. */
export type EventOf<Schemas extends Record<string, z.ZodType>> = {
  [Type in keyof Schemas & string]: { readonly type: Type; readonly data: z.output<Schemas[Type]> };
}[keyof Schemas & string];

/** What folding needs to know of a stored event beside its type and data. */
export interface Stamp {
  /** The event's id: the evidence that an access decision names. */
  readonly id: string;
  readonly revision: bigint;
  /** RFC 3339, UTC, milliseconds; never decreasing within a stream. */
  readonly occurredAt: string;
}

/** A small immutable fact that access decisions are made of; rows of the access read model hold the same documents. */
export interface DocumentKey {
  readonly kind:
    | 'realm'
    | 'user'
    | 'org'
    | 'member'
    | 'group'
    | 'environment'
    | 'invitation'
    | 'settings'
    | 'workflow'
    | 'charge'
    | 'service';
  readonly id: string;
}

/**
 * How one event type changes an aggregate, and which documents it reads or writes while doing so.
 * `touches` lets a read model load just these documents, apply `evolve`, and store them.
 */
export interface Evolution<State, Data> {
  touches(data: Data): readonly DocumentKey[];
  evolve(state: State, data: Data, stamp: Stamp): State;
}

/** A map in which leaving out one event type does not compile. */
export type Evolutions<State, Event extends { type: string; data: unknown }> = {
  readonly [Type in Event['type']]: Evolution<State, Extract<Event, { type: Type }>['data']>;
};
