/** What an append expects of its stream; a bigint is the exact number of the stream's last event (-1: no stream). */
export type Expected = 'any' | 'stream_exists' | bigint;

export const NO_STREAM = -1n;

/** What the rules look at: one stream as it stands when the append's turn comes. */
export interface StreamView {
  /** Number of the last event, -1 if there is none. */
  readonly current: bigint;
  /** Whether the stream has metadata; metadata alone is enough to "exist". */
  readonly hasMetadata: boolean;
  /** `soft`: until the next append. `hard`: for ever; so is the metadata of such a stream. */
  readonly deleted: 'no' | 'soft' | 'hard';
  /** Id of the event stored under that number. */
  idAt(revision: bigint): string | undefined;
  /** Number of the event with that id, if the store's id map knows it in this very stream. */
  revisionOf(id: string): bigint | undefined;
}

export type Decision =
  | { readonly kind: 'write' }
  | { readonly kind: 'already_written'; readonly revision: bigint }
  | { readonly kind: 'wrong_expected_version' }
  | { readonly kind: 'stream_deleted' };

const WRITE: Decision = { kind: 'write' };
const WRONG: Decision = { kind: 'wrong_expected_version' };
const DELETED: Decision = { kind: 'stream_deleted' };

/**
 * Decides an append (eventstore protocol: expected revision and idempotency, in the order the server checks them).
 * Only ids are compared, never bodies.
 */
export function decideAppend(view: StreamView, expected: Expected, ids: readonly string[]): Decision {
  if (view.deleted === 'hard') return DELETED;
  if (expected === 'stream_exists' && view.deleted === 'soft') return DELETED;
  if (expected === 'stream_exists' && view.current < 0n && !view.hasMetadata) return WRONG;
  if (typeof expected !== 'bigint') return decideByIdMap(view, ids);
  if (expected < view.current) return decideByStoredIds(view, expected, ids);
  // At the exact head a repeated id is not looked for, as on the real server.
  return expected === view.current ? WRITE : WRONG;
}

function decideByIdMap(view: StreamView, ids: readonly string[]): Decision {
  let revision: bigint | undefined;
  for (const [index, id] of ids.entries()) {
    revision = view.revisionOf(id);
    if (revision === undefined) return index === 0 ? WRITE : WRONG;
  }
  return revision === undefined ? WRITE : { kind: 'already_written', revision };
}

function decideByStoredIds(view: StreamView, expected: bigint, ids: readonly string[]): Decision {
  let revision = expected;
  for (const id of ids) {
    revision += 1n;
    if (view.idAt(revision) === id) continue;
    // Who expects no stream is right about one that was deleted.
    const recreates = revision === 0n && expected === NO_STREAM && view.deleted === 'soft';
    return recreates ? WRITE : WRONG;
  }
  return ids.length === 0 ? WRONG : { kind: 'already_written', revision };
}
