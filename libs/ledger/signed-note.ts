import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** c2sp.org/signed-note: a text and the signatures below it, each by a key that has a name. */
export interface NoteKey {
  /** Without spaces and plus signs. */
  readonly name: string;
  /** Ed25519. */
  readonly publicKey: KeyObject;
  /** Of the same name, from before the key was exchanged: what they have signed still counts. */
  readonly formerKeys?: readonly KeyObject[];
}

export interface NoteSigner extends NoteKey {
  readonly privateKey: KeyObject;
}

/** The note is not well formed, or no signature of the expected key stands below it. */
export class NoteRejected extends Error {
  override readonly name = 'NoteRejected';
}

const ED25519 = 1;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
/** What comes before the 32 bytes of the key in an Ed25519 public key's DER form (RFC 8410). */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The text, which ends with a newline, with the signer's line below it. */
export function signNote(text: string, signer: NoteSigner): string {
  checkText(text);
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  return `${text}\n— ${signer.name} ${Buffer.concat([keyId(signer), signature]).toString('base64')}\n`;
}

/** The note with the signer's line below those that are there. */
export function cosignNote(note: string, signer: NoteSigner): string {
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  return `${note}${signNote(text, signer).slice(text.length + 1)}`;
}

/** Whether the present key has signed it, not only a former one. Throws NoteRejected where it has, and not this text. */
export function isSignedBy(note: string, { name, publicKey }: NoteKey): boolean {
  const id = keyId({ name, publicKey });
  const lines = note.slice(note.lastIndexOf('\n\n') + 2, -1).split('\n');
  if (!lines.map(parseSignature).some((line) => line.name === name && line.id.equals(id))) return false;
  openNote(note, { name, publicKey });
  return true;
}

/** The text of a note that the key has signed, or a former one; signatures of others do not matter. Throws NoteRejected. */
export function openNote(note: string, key: NoteKey): string {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new NoteRejected('no signature stands below the text');
  const text = note.slice(0, end + 1);
  checkText(text);
  const lines = note.slice(end + 2, -1).split('\n');
  const named = lines.map(parseSignature).filter(({ name }) => name === key.name);
  for (const publicKey of [key.publicKey, ...(key.formerKeys ?? [])]) {
    const own = named.filter(({ id }) => id.equals(keyId({ name: key.name, publicKey })));
    const [found] = own;
    if (found === undefined) continue;
    if (own.length > 1) throw new NoteRejected(`signed more than once by ${key.name}`);
    if (!verify(null, Buffer.from(text), publicKey, found.signature))
      throw new NoteRejected(`the signature of ${key.name} does not fit the text`);
    return text;
  }
  throw new NoteRejected(`not signed by ${key.name}`);
}

/** How a key is handed over, to be pinned: `name+id+key`. */
export function encodeKey(key: NoteKey): string {
  const bytes = Buffer.concat([Buffer.of(ED25519), rawKey(key)]);
  return `${key.name}+${keyId(key).toString('hex')}+${bytes.toString('base64')}`;
}

/** Throws NoteRejected for a text that is no such key, or whose id does not fit. */
export function decodeKey(text: string): NoteKey {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = fromBase64(encoded);
  if (name === undefined || bytes?.[0] !== ED25519 || bytes.length !== KEY_BYTES + 1)
    throw new NoteRejected('not an Ed25519 key in the form name+id+key');
  const publicKey = createPublicKey({
    key: Buffer.concat([DER_PREFIX, bytes.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  const key = { name, publicKey };
  if (keyId(key).toString('hex') !== id) throw new NoteRejected('the id does not fit the key');
  return key;
}

function parseSignature(line: string): { name: string; id: Buffer; signature: Buffer } {
  const [, name, encoded] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES)
    throw new NoteRejected('a line below the text is no signature');
  const signature = bytes.subarray(KEY_ID_BYTES);
  const isForeign = signature.length !== SIGNATURE_BYTES;
  return { name, id: isForeign ? Buffer.alloc(0) : bytes.subarray(0, KEY_ID_BYTES), signature };
}

/** Undefined unless it is the one base64 form of its bytes: otherwise a note could be changed without notice. */
export function fromBase64(text: string | undefined): Buffer | undefined {
  const bytes = Buffer.from(text ?? '', 'base64');
  return text !== undefined && bytes.toString('base64') === text ? bytes : undefined;
}

function keyId(key: NoteKey): Buffer {
  const hash = createHash('sha256').update(`${key.name}\n`).update(Buffer.of(ED25519)).update(rawKey(key));
  return hash.digest().subarray(0, KEY_ID_BYTES);
}

const rawKey = ({ publicKey }: NoteKey): Buffer =>
  publicKey.export({ format: 'der', type: 'spki' }).subarray(DER_PREFIX.length);

function checkText(text: string): void {
  if (!text.endsWith('\n') || !text.isWellFormed() || /\p{Cc}/u.test(text.replaceAll('\n', '')))
    throw new NoteRejected('the text must be lines without control characters');
}
