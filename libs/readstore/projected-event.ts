import { type Category, eventSchemas, isCategory, UnknownEventType } from '#libs/domain/aggregates.js';
import { endsCommand, meta, required } from '#libs/application/metadata.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { parseStream } from '#libs/application/streams.js';
import type { ProjectedEvent } from './projection.js';

export function categoryOf(stream: string): Category | undefined {
  const { category } = parseStream(stream);
  return isCategory(category) ? category : undefined;
}

/** An event with personal fields opened, and what it is in the log. */
export interface OpenedEvent extends StoredEvent {
  readonly storedData: unknown;
}

export async function opened(personalData: PersonalData, stored: readonly StoredEvent[]): Promise<OpenedEvent[]> {
  const events = await personalData.open(stored);
  return events.map((event, index) => ({ ...event, storedData: stored[index]?.data }));
}

/** Undefined for streams that are not this product's: a store may hold others, and they are passed over. */
export function projected(event: OpenedEvent): ProjectedEvent | undefined {
  const category = categoryOf(event.stream);
  if (category === undefined) return undefined;
  const { id } = parseStream(event.stream);
  return { ...event, category, streamId: id, occurredAt: required(event.metadata, 'occurredAt') };
}

/** Whether reading may stop after the event. Foreign streams do not know our commands. */
export function isBoundary(event: StoredEvent): boolean {
  return categoryOf(event.stream) === undefined || endsCommand(event.metadata);
}

/** How many events, at most `limit` if possible, end with a whole command; 0 while the first command is incomplete. */
export function wholeCommands(events: readonly StoredEvent[], limit: number): number {
  let end = 0;
  for (const [index, event] of events.entries()) {
    if (index >= limit && end > 0) break;
    if (isBoundary(event)) end = index + 1;
  }
  return end;
}

/** `category/type`. */
export const kindOf = ({ stream, type }: StoredEvent): string => `${parseStream(stream).category}/${type}`;

/** Whether a build knows what kinds of events mean. */
export type Knows = (kind: string) => boolean;

const known = new Set(
  Object.entries(eventSchemas).flatMap(([category, schemas]) =>
    Object.keys(schemas).map((type) => `${category}/${type}`),
  ),
);

export const knownHere: Knows = (kind) => known.has(kind);

/** The whole commands before the first event that only a newer build knows. */
export function knownPrefix(
  events: readonly StoredEvent[],
  knows = knownHere,
): { known: number; unknown?: UnknownEvent } {
  for (const [index, event] of events.entries()) {
    if (!isOwn(event) || knows(kindOf(event))) continue;
    return { known: wholeCommands(events.slice(0, index), index), unknown: new UnknownEvent(event) };
  }
  return { known: events.length };
}

/** Newer builds may have streams that this one does not know by name, but write the same metadata. */
function isOwn({ stream, metadata }: StoredEvent): boolean {
  if (categoryOf(stream) !== undefined) return true;
  return [meta.realm, meta.commandId, meta.payloadDigest, meta.occurredAt].every((name) => name in metadata);
}

export class UnknownEvent extends UnknownEventType {
  constructor(readonly event: StoredEvent) {
    super(parseStream(event.stream).category, event.type);
  }
}

/** Throws UnknownEventType where an event of a newer build is in the rows: it may have changed what later ones mean. */
export function assertKnown(kinds: readonly string[], knows = knownHere): void {
  const unknown = kinds.find((kind) => !knows(kind));
  if (unknown === undefined) return;
  const [category = '', type = ''] = unknown.split('/');
  throw new UnknownEventType(category, type);
}
