import { commandTable, isCommandName } from './command-table.js';
import { meta } from './metadata.js';
import type { CommandAnswer } from './outcome.js';
import { type EventToAppend, type Position, positionText, start, type StoredEvent } from './ports/event-store.js';

/** How an answer names several commands that were sent as one. */
export const BATCH = 'Batch';

/** The answer to a command, from its stored events alone: a repeat gets the same one. */
export function answerOf(events: readonly StoredEvent[]): CommandAnswer {
  const last = events.at(-1);
  if (last === undefined) throw new Error('a command without stored events has no answer');
  const command = last.metadata[meta.batch] === undefined ? (last.metadata[meta.command] ?? '') : BATCH;
  const created = createdBy(command, events[0]?.data);
  return {
    command,
    commandId: last.metadata[meta.commandId] ?? '',
    events: events.map(({ id, type }) => ({ id, type })),
    stream: last.stream,
    revision: `${last.revision}`,
    position: positionText(last.position),
    ...(created === undefined ? {} : { result: created }),
  };
}

/**
 * The answer to a command that appends nothing, as a dry run: with the data of its events, beside the stream as it is. Of
 * a stream that was not read, or has no events, revision and position are before the first.
 */
export const answerWithoutAppend = (
  { name, id: commandId, stream }: { readonly name: string; readonly id: string; readonly stream: string },
  events: readonly EventToAppend[],
  head: { readonly revision: bigint | undefined; readonly position: Position | undefined },
): CommandAnswer => ({
  command: name,
  commandId,
  events: events.map(({ id, type, data }) => ({ id, type, data })),
  stream,
  revision: `${head.revision ?? -1n}`,
  position: positionText(head.position ?? start),
});

function createdBy(command: string, data: unknown): Record<string, string> | undefined {
  const field = isCommandName(command) ? (commandTable[command] as { creates?: string }).creates : undefined;
  if (field === undefined || typeof data !== 'object' || data === null) return undefined;
  const id: unknown = Reflect.get(data, field);
  return typeof id === 'string' ? { [field]: id } : undefined;
}
