import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { Checkpoint } from './checkpoints.js';
import { commitBatch, type ReadModels } from './batch.js';
import { HandlerFailed } from './handler-failed.js';
import { categoryOf, wholeCommands } from './projected-event.js';
import type { Poison } from './parked-streams.js';

/**
 * Applies whole commands in order, in parts as large as succeed: halved at each failure, down to the one command at
 * fault, and doubled again after each success. What `apply` or `poisoned` answers false to ends it. Answers whether all
 * were taken.
 */
export async function inParts(
  events: readonly StoredEvent[],
  apply: (part: readonly StoredEvent[]) => Promise<boolean>,
  poisoned: (failure: HandlerFailed, command: readonly StoredEvent[]) => Promise<boolean>,
): Promise<boolean> {
  let limit = events.length;
  for (let rest = events; rest.length > 0; ) {
    const part = rest.slice(0, wholeCommands(rest, limit));
    let taken: boolean;
    try {
      taken = await apply(part);
    } catch (error) {
      if (!(error instanceof HandlerFailed)) throw error;
      if (wholeCommands(part, 1) < part.length) {
        limit = Math.floor(part.length / 2);
        continue;
      }
      taken = await poisoned(error, part);
    }
    if (!taken) return false;
    rest = rest.slice(part.length);
    limit = Math.max(1, limit * 2);
  }
  return true;
}

/**
 * Projects whole commands from the checkpoint on. One that fails for good parks its organization, or the activity or usage of one, and nothing else; one of
 * a person or a realm, which others' rights rest on, throws HandlerFailed. `moved` is told of each checkpoint that was
 * reached. Undefined when another projector moved on, or a replay changed what is parked.
 */
export async function projectInParts(
  models: ReadModels,
  from: Checkpoint,
  events: readonly StoredEvent[],
  moved: (checkpoint: Checkpoint, poisons: readonly Poison[]) => void,
): Promise<Checkpoint | undefined> {
  let checkpoint = from;
  const commit = async (part: readonly StoredEvent[], poisons: readonly Poison[] = []) => {
    const next = await commitBatch(models, checkpoint, part, poisons);
    if (next === undefined) return false;
    checkpoint = next;
    moved(next, poisons);
    return true;
  };
  const all = await inParts(
    events,
    (part) => commit(part),
    (failure, command) => commit(command, poisonsIn(command, failure, checkpoint)),
  );
  return all ? checkpoint : undefined;
}

/** One stream, as a command writes one; more only where metadata is broken, and then none of them can be trusted. */
function poisonsIn(command: readonly StoredEvent[], failure: HandlerFailed, { parked }: Checkpoint): Poison[] {
  const poisons = new Map<string, Poison>();
  for (const { stream, revision } of command) {
    const category = categoryOf(stream);
    if (category === undefined || poisons.has(stream) || parked.has(stream)) continue;
    if (category === 'user' || category === 'realm') throw failure;
    poisons.set(stream, { stream, revision, failure });
  }
  return [...poisons.values()];
}
