import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import { HASH_BYTES, leafHash } from './hashes.js';
import { fromBase64, type NoteKey, NoteRejected } from './signed-note.js';
import { verifyInclusion } from './verify.js';

/** One leaf's proof in a file of its own: c2sp.org/tlog-proof. */
export interface InclusionProof {
  readonly index: bigint;
  readonly hashes: readonly Buffer[];
  /** The signed note, as it was signed. */
  readonly checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^64 leaves has paths of 64 hashes. */
const MOST_HASHES = 64;

export function encodeProof({ index, hashes, checkpoint }: InclusionProof): string {
  const lines = [HEADER, `index ${index}`, ...hashes.map((hash) => hash.toString('base64'))];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** Throws NoteRejected for a text that is not in the one form that `encodeProof` gives. */
export function decodeProof(text: string): InclusionProof {
  const end = text.indexOf('\n\n');
  const [header, indexLine = '', ...encoded] = text.slice(0, Math.max(end, 0)).split('\n');
  const index = /^index (0|[1-9]\d{0,19})$/.exec(indexLine)?.[1];
  if (header !== HEADER || index === undefined || encoded.length > MOST_HASHES)
    throw new NoteRejected(`the text is no ${HEADER}`);
  const hashes = encoded.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw new NoteRejected('a line of the proof is no hash');
    return hash;
  });
  return { index: BigInt(index), hashes, checkpoint: text.slice(end + 2) };
}

/**
 * The checkpoint under which the proof shows the leaf. Throws NoteRejected unless the key signed that checkpoint of this
 * log and the leaf stands where the proof says.
 */
export function openProof(
  text: string,
  leaf: Uint8Array,
  origin: string,
  key: NoteKey,
): Checkpoint & { index: bigint } {
  const { index, hashes, checkpoint: note } = decodeProof(text);
  const checkpoint = openCheckpoint(note, origin, key);
  const { size, root } = checkpoint;
  if (!verifyInclusion({ index, size, leaf: leafHash(leaf), root }, hashes))
    throw new NoteRejected(`the proof does not show this leaf at ${index} of ${size}`);
  return { ...checkpoint, index };
}
