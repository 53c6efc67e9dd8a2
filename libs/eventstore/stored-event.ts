import type { RecordedEvent } from '@eventstore/db-client';
import type { Metadata, StoredEvent } from '#libs/application/ports/event-store.js';

/** What the client read, as the port gives it. Throws on a server older than 22.6, which tells no position of stream reads. */
export function toStored(event: RecordedEvent): StoredEvent {
  const { position } = event;
  if (position === undefined)
    throw new Error('the event store gave no position for an event; it must be 22.6 or later');
  return {
    id: event.id,
    type: event.type,
    data: event.data,
    metadata: (event.metadata ?? {}) as Metadata,
    stream: event.streamId,
    revision: event.revision,
    position: { commit: position.commit, prepare: position.prepare },
  };
}
