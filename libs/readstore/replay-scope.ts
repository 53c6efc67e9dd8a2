import { touches } from '#libs/domain/aggregates.js';
import { endsCommand, meta, required } from '#libs/application/metadata.js';
import type { EventStore, StoredEvent } from '#libs/application/ports/event-store.js';
import { streamOf } from '#libs/application/streams.js';

/** An instant in milliseconds, or a revision of an organization: which then stands for the instant that it was appended at. */
export type ReplayedUntil = { readonly instant: number } | { readonly revision: bigint };

/** What a replay is of. */
export interface ReplayScope {
  /** Exactly one of the two. */
  readonly org?: string;
  readonly realm?: string;
  /** Milliseconds since the epoch. */
  readonly instant: number;
  /** The organization's last revision that is part of it. */
  readonly revision?: bigint;
  readonly wanted: (event: StoredEvent) => boolean;
}

/** `future`: the moment has not come. `unknown`: at that moment there was no such thing. */
export type NoScope = 'future' | 'unknown';

/**
 * The events that made an organization's read models what they were at the moment: its own, its activity's and usage's, the realm's
 * that decided for it, and those of everybody who had been a member of it or done something in it by then, whole: what
 * a person's stream says bears on no organization alone.
 */
export async function scopeOfOrg(
  store: EventStore,
  org: string,
  until: ReplayedUntil,
  now: number,
): Promise<ReplayScope | NoScope> {
  if ('instant' in until && until.instant > now) return 'future';
  const own = streamOf('org', org);
  const upTo =
    'instant' in until
      ? (event: StoredEvent) => instantOf(event) <= until.instant
      : (event: StoredEvent) => event.revision <= until.revision;
  const people = new Set<string>();
  let whole: StoredEvent | undefined;
  let accepted = -1n;
  for await (const event of eventsOf(store, own, upTo)) {
    accepted = event.revision;
    if (endsCommand(event.metadata)) whole = event;
    people.add(required(event.metadata, 'actor'));
    for (const { kind, id } of touches('org', { ...event, stamp: stampOf(event) }))
      if (kind === 'member') people.add(id);
  }
  if ('revision' in until && accepted < until.revision) return 'future';
  if (whole === undefined) return 'unknown';
  const { revision } = whole;
  const instant = 'instant' in until ? until.instant : instantOf(whole);
  const activity = streamOf('activity', org);
  for await (const { metadata } of eventsOf(store, activity, (event) => instantOf(event) <= instant))
    people.add(required(metadata, 'actor'));
  const others = new Set([
    activity,
    streamOf('usage', org),
    streamOf('realm', required(whole.metadata, 'realm')),
    ...[...people].map((id) => streamOf('user', id)),
  ]);
  const wanted = (event: StoredEvent) =>
    event.stream === own ? event.revision <= revision : others.has(event.stream) && instantOf(event) <= instant;
  return { org, instant, revision, wanted };
}

/** Everything of a realm: its own events, and those of its organizations and people. */
export async function scopeOfRealm(
  store: EventStore,
  realm: string,
  instant: number,
  now: number,
): Promise<ReplayScope | NoScope> {
  if (instant > now) return 'future';
  for await (const _ of eventsOf(store, streamOf('realm', realm), (event) => instantOf(event) <= instant))
    return {
      realm,
      instant,
      // Other programs' streams in the same store carry none of this.
      wanted: (event) => event.metadata[meta.realm] === realm && instantOf(event) <= instant,
    };
  return 'unknown';
}

/** The events of a stream from its first one, as long as they are accepted. */
async function* eventsOf(
  store: EventStore,
  stream: string,
  accepts: (event: StoredEvent) => boolean,
): AsyncIterable<StoredEvent> {
  for await (const page of store.read(stream, 0n))
    for (const event of page) {
      if (!accepts(event)) return;
      yield event;
    }
}

const instantOf = ({ metadata }: StoredEvent): number => Date.parse(metadata[meta.occurredAt] ?? '');

const stampOf = ({ id, revision, metadata }: StoredEvent) => ({
  id,
  revision,
  occurredAt: required(metadata, 'occurredAt'),
});
