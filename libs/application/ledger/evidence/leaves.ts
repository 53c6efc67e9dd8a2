import { canonicalBytes } from '#libs/ledger/canonical.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { TreeEdge } from '#libs/ledger/edge.js';
import { leafHash } from '#libs/ledger/hashes.js';
import type { NoteKey } from '#libs/ledger/signed-note.js';
import { parseStream } from '../../streams.js';
import { originOf } from '../leaf.js';
import { EvidenceRejected } from './rejected.js';

/** An event as its leaf has it. */
export interface ProvenLeaf {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

/** All events of one stream up to a signed checkpoint: each leaf as the text that is hashed. */
export interface WholeTree {
  readonly stream: string;
  readonly checkpoint: string;
  readonly leaves: readonly string[];
}

/**
 * The events of a stream, after their tree was computed and found to be the one that was signed: none is changed, moved,
 * missing or put in. Throws EvidenceRejected and NoteRejected.
 */
export function openTree({ stream, checkpoint: note, leaves }: WholeTree, key: NoteKey): ProvenLeaf[] {
  const checkpoint = openCheckpoint(note, originIn(note, stream, key), key);
  const events = openLeaves(stream, leaves);
  const edge = TreeEdge.empty();
  for (const leaf of leaves) edge.append(leafHash(Buffer.from(leaf, 'utf8')));
  if (edge.size !== checkpoint.size)
    throw new EvidenceRejected(`there are ${edge.size} events of ${stream}; its checkpoint is of ${checkpoint.size}`);
  if (!edge.root().equals(checkpoint.root))
    throw new EvidenceRejected(`the events of ${stream} are not those that were signed`);
  return events;
}

/** Events of one stream from its first on. Throws EvidenceRejected for a text that is no leaf, or of another place. */
export function openLeaves(stream: string, leaves: readonly string[]): ProvenLeaf[] {
  return leaves.map((text, index) => {
    const leaf = leafIn(text);
    if (leaf?.stream !== stream || leaf.revision !== `${index}`)
      throw new EvidenceRejected(`event ${index} of ${stream} is not of that place`);
    return leaf;
  });
}

function leafIn(text: string): ProvenLeaf | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
    // The only form: a second reader must not see other members than the one who hashed.
    if (canonicalBytes(value).toString('utf8') !== text) return undefined;
  } catch {
    return undefined;
  }
  return isLeaf(value) ? value : undefined;
}

function isLeaf(value: unknown): value is ProvenLeaf {
  if (typeof value !== 'object' || value === null) return false;
  const { id, type, stream, revision, metadata } = value as Partial<Record<keyof ProvenLeaf, unknown>>;
  const isMetadata = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  return (
    isMetadata && [id, type, stream, revision, ...Object.values(metadata)].every((each) => typeof each === 'string')
  );
}

/** The name that the note itself bears, if it is one of this stream's tree: a later epoch has another. */
function originIn(note: string, stream: string, key: NoteKey): string {
  const origin = note.slice(0, note.indexOf('\n'));
  const first = originOf(key.name, stream, 0);
  const epoch = /^\/([1-9]\d{0,8})$/.exec(origin.slice(first.length))?.[1];
  if (parseStream(stream).id === '' || (origin !== first && origin !== originOf(key.name, stream, Number(epoch ?? 0))))
    throw new EvidenceRejected(`the checkpoint is of ${origin}, not of ${first}`);
  return origin;
}
