import { HASH_BYTES } from './hashes.js';
import { fromBase64, NoteRejected, type NoteKey, type NoteSigner, openNote, signNote } from './signed-note.js';

/** What a signed tree head says: c2sp.org/tlog-checkpoint. */
export interface Checkpoint {
  /** Names the log, for ever. */
  readonly origin: string;
  readonly size: bigint;
  readonly root: Buffer;
}

export function signCheckpoint({ origin, size, root }: Checkpoint, signer: NoteSigner): string {
  return signNote(`${origin}\n${size}\n${root.toString('base64')}\n`, signer);
}

/**
 * The checkpoint of a signed note. Throws NoteRejected unless the key has signed it and it is of this log: a checkpoint of
 * another log by the same key proves nothing here. Extension lines are refused, because none is defined.
 */
export function openCheckpoint(note: string, origin: string, key: NoteKey): Checkpoint {
  const [first, size = '', encoded, rest, ...more] = openNote(note, key).split('\n');
  const root = fromBase64(encoded);
  if (!/^(?:0|[1-9]\d{0,19})$/.test(size) || root?.length !== HASH_BYTES || rest !== '' || more.length > 0)
    throw new NoteRejected('the note is no checkpoint');
  if (first !== origin) throw new NoteRejected(`the checkpoint is of another log than ${origin}`);
  return { origin, size: BigInt(size), root };
}
