import { sha256Hex } from '#libs/ledger/hashes.js';
import { type NoteKey, NoteRejected, type NoteSigner, openNote, signNote } from '#libs/ledger/signed-note.js';
import { type CheckedEvidence, checkEvidence, type Evidence, FORMAT } from './check.js';
import { EvidenceRejected } from './rejected.js';
import { packTar, unpackTar } from './tar.js';

/** In this order. */
const MANIFEST = 'manifest.txt';
const EVIDENCE = 'evidence.json';

/** The evidence and further files as one tar archive, with a signed list of all of them. */
export function packEvidence(evidence: Evidence, more: ReadonlyMap<string, Buffer>, signer: NoteSigner): Buffer {
  const files = new Map([[EVIDENCE, Buffer.from(`${JSON.stringify(evidence)}\n`)], ...more]);
  const manifest = signNote(textOf(files), signer);
  return packTar(new Map([[MANIFEST, Buffer.from(manifest)], ...files]));
}

/**
 * What the archive shows, after everything in it was checked against the key that the reader has pinned. Throws
 * EvidenceRejected and NoteRejected, whatever byte was changed.
 */
export function openEvidence(archive: Buffer, key: NoteKey): CheckedEvidence {
  const files = unpackTar(archive);
  const manifest = files.get(MANIFEST)?.toString('utf8');
  const evidence = files.get(EVIDENCE);
  if (manifest === undefined || evidence === undefined) throw new EvidenceRejected('this is no archive of evidence');
  files.delete(MANIFEST);
  if (openNote(manifest, key) !== textOf(files)) throw new EvidenceRejected('the files are not those that were signed');
  return checkEvidence(parsed(evidence), key);
}

const textOf = (files: ReadonlyMap<string, Buffer>): string =>
  [FORMAT, ...[...files].map(([name, bytes]) => `${sha256Hex(bytes)} ${name}`), ''].join('\n');

/** The signature vouches for its shape: whoever holds the key has written it. */
function parsed(bytes: Buffer): Evidence {
  const { format, ...evidence } = JSON.parse(bytes.toString('utf8')) as Omit<Evidence, 'format'> & {
    readonly format: string;
  };
  if (format !== FORMAT) throw new EvidenceRejected(`its format is another one than ${FORMAT}, which this build reads`);
  return { ...evidence, format };
}

export const isRejection = (error: unknown): error is Error =>
  error instanceof EvidenceRejected || error instanceof NoteRejected;
