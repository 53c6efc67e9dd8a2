import { required } from '../metadata.js';
import type { EventStore } from '../ports/event-store.js';
import { emailIndexesOf, type PersonalData } from '../ports/personal-data.js';
import { streamOf } from '../streams.js';

/** An event of a person's own stream with what is encrypted in the log opened; null where it was erased. */
export interface PersonalEvent {
  readonly revision: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All of a person's own stream, oldest first. Throws EventStoreUnavailable. */
export async function personalEventsOf(
  store: EventStore,
  personalData: PersonalData,
  userId: string,
): Promise<readonly PersonalEvent[]> {
  const events: PersonalEvent[] = [];
  for await (const page of store.read(streamOf('user', userId), 0n))
    for (const { revision, type, data, metadata } of await personalData.open(page)) {
      const occurredAt = required(metadata, 'occurredAt');
      events.push({ revision: `${revision}`, type, occurredAt, data: Object.fromEntries(Object.entries(data ?? {})) });
    }
  return events;
}

/** Indexes of every address that the person was ever known by; of those erased, none. */
export function addressIndexesIn(events: readonly PersonalEvent[], personalData: PersonalData): readonly string[] {
  const emails = events.flatMap(({ data: { email } }) => (typeof email === 'string' ? [email] : []));
  return [...new Set(emails.flatMap((email) => emailIndexesOf(personalData, email)))];
}
