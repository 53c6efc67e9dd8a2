import type { Checkpoint } from './checkpoint.js';
import { HASH_BYTES } from './hashes.js';
import { fromBase64, type NoteKey, NoteRejected, type NoteSigner, openNote, signNote } from './signed-note.js';

/** The admission that a log does not continue what was signed before: it was restored from an older copy, or replaced. */
export interface Discontinuity {
  /** The last checkpoint that was signed of what is gone. */
  readonly before: Checkpoint;
  /** What the log held when that was noticed; its tree bears another origin. */
  readonly after: Checkpoint;
  /** RFC 3339 in UTC. */
  readonly noticedAt: string;
}

const HEADER = 'tenantry/discontinuity@v1';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A signed note, and none that could be taken for a checkpoint: its second line is no number. */
export function signDiscontinuity({ before, after, noticedAt }: Discontinuity, signer: NoteSigner): string {
  return signNote(`${[HEADER, ...linesOf(before), ...linesOf(after), noticedAt].join('\n')}\n`, signer);
}

/** Throws NoteRejected unless the key has signed it. */
export function openDiscontinuity(note: string, key: NoteKey): Discontinuity {
  const [header, ...lines] = openNote(note, key).split('\n');
  const [before, after] = [checkpointOf(lines.slice(0, 3)), checkpointOf(lines.slice(3, 6))];
  const [noticedAt = '', rest, ...more] = lines.slice(6);
  if (header !== HEADER || !INSTANT.test(noticedAt) || rest !== '' || more.length > 0)
    throw new NoteRejected(`the note is no ${HEADER}`);
  return { before, after, noticedAt };
}

const linesOf = ({ origin, size, root }: Checkpoint): string[] => [origin, `${size}`, root.toString('base64')];

function checkpointOf([origin = '', size = '', encoded]: readonly string[]): Checkpoint {
  const root = fromBase64(encoded);
  if (origin === '' || !/^(?:0|[1-9]\d{0,19})$/.test(size) || root?.length !== HASH_BYTES)
    throw new NoteRejected(`the note is no ${HEADER}`);
  return { origin, size: BigInt(size), root };
}
