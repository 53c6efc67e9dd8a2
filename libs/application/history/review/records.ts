import type { OrgState } from '#libs/domain/org/org.js';
import type { RealmDocument } from '#libs/domain/access/documents.js';
import { type EventCause, causeOf } from '../cause.js';
import { meta } from '../../metadata.js';
import { type KeyRecord, recordKey } from './keys.js';
import type { EventStore, StoredEvent } from '../../ports/event-store.js';
import { streamOf } from '../../streams.js';
import { instantOf } from '../../up-to.js';

/** An event in which somebody acted by a certain role. */
export interface ActedAs {
  readonly cause: EventCause;
  /** Ids of the events that gave the role. */
  readonly evidence: readonly string[];
}

/** What a review needs of the events themselves, because no fold keeps it. */
export interface Records {
  /** By id: the events on which the access of that moment rests. */
  readonly causes: Map<string, EventCause>;
  /** By the id of the event by which an invitation was accepted: how it had begun. */
  readonly invitations: ReadonlyMap<string, EventCause>;
  /** By environment and connection: when it was connected last. */
  readonly connections: ReadonlyMap<string, EventCause>;
  /** By kind, owner and id: how a key came to be, and when it was rotated last. */
  readonly keys: ReadonlyMap<string, KeyRecord>;
  readonly actedAs: readonly ActedAs[];
}

export interface Wanted {
  readonly orgId: string;
  readonly state: OrgState;
  readonly upTo: bigint;
  /** The window in which it is asked for what was done in `role`: after this revision. */
  readonly after: bigint;
  readonly role: string | undefined;
}

/** Reads an organization's stream once. What is kept grows with the organization as it was, not with its events. */
export async function recordsIn(store: EventStore, wanted: Wanted): Promise<Records> {
  const { state, upTo, after, role } = wanted;
  const evidence = evidenceIn(state);
  const causes = new Map<string, EventCause>();
  const created = new Map<string, EventCause>();
  const invitations = new Map<string, EventCause>();
  const connections = new Map<string, EventCause>();
  const keys = new Map<string, KeyRecord>();
  const actedAs: ActedAs[] = [];
  for await (const event of eventsOf(store, streamOf('org', wanted.orgId), ({ revision }) => revision <= upTo)) {
    const { id, type, metadata, revision } = event;
    if (evidence.has(id)) causes.set(id, causeOf(event));
    if (type === 'InvitationCreated' && isAccepted(state, event)) created.set(idIn(event), causeOf(event));
    const invited = type === 'InvitationAccepted' ? created.get(idIn(event)) : undefined;
    if (invited !== undefined) invitations.set(id, invited);
    if (type === 'OAuthConnected') connections.set(connectionIn(event), causeOf(event));
    recordKey(keys, event);
    if (role !== undefined && revision > after && metadata[meta.role] === role)
      actedAs.push({ cause: causeOf(event), evidence: (metadata[meta.evidence] ?? '').split(' ') });
  }
  return { causes, invitations, connections, keys, actedAs };
}

/** The events with these ids, of the realm or of a person, that were there at the instant. */
export async function causesIn(
  store: EventStore,
  stream: string,
  ids: ReadonlySet<string>,
  at: number,
): Promise<readonly EventCause[]> {
  const found: EventCause[] = [];
  for await (const event of eventsOf(store, stream, (one) => instantOf(one) <= at))
    if (ids.has(event.id)) found.push(causeOf(event));
  return found;
}

/** Ids of the realm's events from which platform roles come. */
export function evidenceOfRealm(realm: RealmDocument): ReadonlySet<string> {
  const { evidence, teams = {}, assignments = {}, services = {} } = realm;
  const places = Object.values(teams).flatMap((team) => Object.values(team));
  const assigned = Object.values(assignments).flatMap((roles) => Object.values(roles));
  return new Set([
    evidence,
    ...places.map((place) => place.evidence),
    ...assigned.flatMap((assignment) => assignment.evidence),
    ...Object.values(services).map((account) => account.evidence),
  ]);
}

function evidenceIn({ org, members, environments, services, workflows }: OrgState): ReadonlySet<string> {
  const ids = new Set([org.evidence]);
  for (const [, { evidence, grants, assignments = {}, groups = {}, suspension }] of members.entries()) {
    ids.add(evidence);
    if (suspension !== undefined) ids.add(suspension.evidence);
    for (const grant of Object.values(grants)) ids.add(grant.evidence);
    for (const id of Object.values(groups)) ids.add(id);
    for (const assignment of Object.values(assignments)) for (const id of assignment.evidence) ids.add(id);
  }
  for (const machines of [services, workflows]) for (const { evidence } of machines.values()) ids.add(evidence);
  for (const [, { groupGrants }] of environments.entries())
    for (const { evidence } of Object.values(groupGrants)) ids.add(evidence);
  return ids;
}

async function* eventsOf(
  store: EventStore,
  stream: string,
  until: (event: StoredEvent) => boolean,
): AsyncIterable<StoredEvent> {
  for await (const page of store.read(stream, 0n))
    for (const event of page) {
      if (!until(event)) return;
      yield event;
    }
}

// Stored data was parsed by its type's schema when it was appended.
const idIn = ({ data }: StoredEvent): string => (data as { invitationId: string }).invitationId;
const connectionIn = ({ data }: StoredEvent): string => {
  const { environmentId, connectionId } = data as { environmentId: string; connectionId: string };
  return connectionKey(environmentId, connectionId);
};

export const connectionKey = (environmentId: string, connectionId: string): string =>
  `${environmentId}/${connectionId}`;

const isAccepted = ({ invitations }: OrgState, event: StoredEvent): boolean =>
  invitations.get(idIn(event))?.status === 'accepted';
