import type { Binding } from '#libs/domain/access/binding.js';
import { required } from '../metadata.js';
import type { StoredEvent } from '../ports/event-store.js';

/** Why access is another one from an instant on: an event, or that a grant, role or claim began or ended with time. */
export type Cause = EventCause | TimeCause;

export interface EventCause {
  readonly kind: 'event';
  readonly id: string;
  readonly type: string;
  /** Of the organization, of a person, or of the realm. */
  readonly stream: string;
  readonly revision: string;
  /** RFC 3339, as every instant here. */
  readonly at: string;
  readonly actor: string;
  readonly command: string;
}

export interface TimeCause {
  readonly kind: 'time';
  readonly at: string;
  readonly edge: 'began' | 'ended';
  readonly source: Binding['source'];
  /** Id of the event that gave what began or ended. */
  readonly event: string;
}

export const causeOf = ({ id, type, stream, revision, metadata }: StoredEvent): EventCause => ({
  kind: 'event',
  id,
  type,
  stream,
  revision: `${revision}`,
  at: required(metadata, 'occurredAt'),
  actor: required(metadata, 'actor'),
  command: required(metadata, 'command'),
});

/** Begin or end of a binding, with the role that it gives. */
export interface Edge {
  readonly at: number;
  readonly role: string;
  readonly cause: TimeCause;
}

/** The instants after `after` and up to `upTo` at which one of the bindings begins or ends, in order. */
export function edgesOf(bindings: readonly Binding[], after: number, upTo: number): readonly Edge[] {
  return bindings
    .flatMap((binding) => [edge(binding, 'began', binding.from), edge(binding, 'ended', binding.until)])
    .filter(({ at }) => at > after && at <= upTo)
    .map(({ at, role, cause }) => ({ at, role, cause: { ...cause, at: new Date(at).toISOString() } }))
    .sort((a, b) => a.at - b.at);
}

const edge = ({ role, source, evidence }: Binding, kind: TimeCause['edge'], at: number): Edge => ({
  at,
  role,
  // The last event of a binding's evidence is the one that gave it.
  cause: { kind: 'time', at: '', edge: kind, source, event: evidence.at(-1) ?? '' },
});
