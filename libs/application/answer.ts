import { commandTable, isCommandName } from './command-table.js';
import { meta } from './metadata.js';
import type { CommandAnswer } from './outcome.js';
import { positionText, type StoredEvent } from './ports/event-store.js';

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

function createdBy(command: string, data: unknown): Record<string, string> | undefined {
  const field = isCommandName(command) ? (commandTable[command] as { creates?: string }).creates : undefined;
  if (field === undefined || typeof data !== 'object' || data === null) return undefined;
  const id: unknown = Reflect.get(data, field);
  return typeof id === 'string' ? { [field]: id } : undefined;
}
