import { readFile } from 'node:fs/promises';
import { streamOfOrigin } from '#libs/application/ledger/leaf.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { type NoteKey, NoteRejected } from '#libs/ledger/signed-note.js';
import type { Witnessed } from '#projections/ledger/tree-replay.js';

/** The file with checkpoints from outside cannot be compared with anything; the message says why. */
export class WitnessUnusable extends Error {
  override readonly name = 'WitnessUnusable';
}

/** Text, an empty line, signatures: c2sp.org/signed-note. */
const note = /(?:^[^—\n][^\n]*\n)+\n(?:^— [^\n]*\n?)+/gm;

/**
 * The checkpoints in a file of one or more signed notes. Throws WitnessUnusable where there is none, or one of them is not
 * of this ledger: a checkpoint by another key is as telling as one that does not fit.
 */
export async function witnessedIn(path: string, key: NoteKey): Promise<readonly Witnessed[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new WitnessUnusable(`The witnessed checkpoints cannot be read: ${error.message}`);
  });
  const notes = text.replaceAll('\r\n', '\n').match(note) ?? [];
  if (notes.length === 0) throw new WitnessUnusable(`There is no signed checkpoint in ${path}.`);
  return notes.map((each) => opened(each.endsWith('\n') ? each : `${each}\n`, key));
}

function opened(text: string, key: NoteKey): Witnessed {
  const [origin = ''] = text.split('\n', 1);
  const stream = streamOfOrigin(key.name, origin);
  if (stream === undefined)
    throw new WitnessUnusable(`NOT VERIFIED: the checkpoint of ${origin} is of another ledger than ${key.name}.`);
  try {
    const { size, root } = openCheckpoint(text, origin, key);
    return { stream, size, root };
  } catch (error) {
    if (!(error instanceof NoteRejected)) throw error;
    throw new WitnessUnusable(`NOT VERIFIED: the checkpoint of ${origin} was not signed by this ledger's key.`);
  }
}
