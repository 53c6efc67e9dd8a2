import { type Category, eventSchemas, isCategory, UnknownEventType } from '#libs/domain/aggregates.js';
import { endsCommand, required } from '#libs/application/metadata.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import type { ProjectedEvent } from './projection.js';

export function categoryOf(stream: string): Category | undefined {
  const { category } = parseStream(stream);
  return isCategory(category) ? category : undefined;
}

/** Undefined for streams that are not this product's: a store may hold others, and they are passed over. */
export function projected(event: StoredEvent): ProjectedEvent | undefined {
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

/** The events before the first one that only a newer build knows. */
export function knownPrefix(events: readonly StoredEvent[]): { known: number; unknown?: UnknownEvent } {
  for (const [index, event] of events.entries()) {
    const category = categoryOf(event.stream);
    if (category === undefined || Object.hasOwn(eventSchemas[category], event.type)) continue;
    const before = wholeCommands(events.slice(0, index), index);
    return { known: before, unknown: new UnknownEvent(category, event) };
  }
  return { known: events.length };
}

export class UnknownEvent extends UnknownEventType {
  constructor(
    category: string,
    readonly event: StoredEvent,
  ) {
    super(category, event.type);
  }
}
