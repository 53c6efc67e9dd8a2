import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { canonicalBytes, NotCanonical } from './canonical.js';
import { openCheckpoint, signCheckpoint } from './checkpoint.js';
import { openDiscontinuity, signDiscontinuity } from './discontinuity.js';
import { leafHash } from './hashes.js';
import { encodeProof, openProof } from './inclusion-proof.js';
import {
  cosignNote,
  decodeKey,
  encodeKey,
  isSignedBy,
  NoteRejected,
  type NoteSigner,
  openNote,
  signNote,
} from './signed-note.js';

const signerOf = (name: string): NoteSigner => ({ name, ...generateKeyPairSync('ed25519') });
const origin = 'tenantry.test/org/acme';
const signer = signerOf('tenantry.test');
const pinned = decodeKey(encodeKey(signer));
const leaf = canonicalBytes({ id: 'e1', type: 'OrgCreated', revision: '0' });
const sibling = leafHash(Buffer.from('sibling'));
const checkpoint = { origin, size: 1n, root: leafHash(leaf) };
const note = signCheckpoint(checkpoint, signer);

/** Every text that differs from this one in one byte by one bit. */
function* oneBitAway(text: string): Generator<string> {
  const bytes = Buffer.from(text);
  for (let byte = 0; byte < bytes.length; byte++)
    for (let bit = 0; bit < 8; bit++) {
      const copy = Buffer.from(bytes);
      copy[byte] = (copy[byte] ?? 0) ^ (1 << bit);
      yield copy.toString('utf8');
    }
}

describe('a checkpoint', () => {
  it('is read back by whoever has pinned the key', () => {
    expect(openCheckpoint(note, origin, pinned)).toEqual(checkpoint);
    expect(note).toMatch(/^tenantry\.test\/org\/acme\n1\n[\w+/]{43}=\n\n— tenantry\.test [\w+/]+={0,2}\n$/);
  });

  it('is refused under another key, another name of the key, another log', () => {
    expect(() => openCheckpoint(note, origin, signerOf('tenantry.test'))).toThrow(NoteRejected);
    expect(() => openCheckpoint(note, origin, { ...pinned, name: 'other.test' })).toThrow(NoteRejected);
    expect(() => openCheckpoint(note, 'tenantry.test/org/globex', pinned)).toThrow('another log');
  });

  it('may be signed by several keys of one name, each of which is enough for who has pinned it', () => {
    const next = signerOf('tenantry.test');
    expect([isSignedBy(note, signer), isSignedBy(note, next)]).toEqual([true, false]);
    const both = cosignNote(note, next);
    expect(isSignedBy(both, next)).toBe(true);
    for (const key of [signer, next]) expect(openCheckpoint(both, origin, key)).toEqual(checkpoint);
    const exchanged = { ...next, formerKeys: [signer.publicKey] };
    for (const each of [note, both]) expect(openCheckpoint(each, origin, exchanged)).toEqual(checkpoint);
    expect(isSignedBy(note, exchanged)).toBe(false);
    expect(() => openCheckpoint(note, origin, next)).toThrow(NoteRejected);
    expect(() => openCheckpoint(both, origin, signerOf('tenantry.test'))).toThrow(NoteRejected);
    const forged = both.replace(checkpoint.root.toString('base64'), leafHash(sibling).toString('base64'));
    for (const key of [signer, next, exchanged])
      expect(() => openCheckpoint(forged, origin, key)).toThrow(NoteRejected);
  });

  it('is refused when any bit of it changed', () => {
    let tried = 0;
    for (const changed of oneBitAway(note)) {
      expect(() => openCheckpoint(changed, origin, pinned)).toThrow(NoteRejected);
      tried++;
    }
    expect(tried).toBe(8 * Buffer.byteLength(note));
  });

  it('is refused with a line too many, a size in another form, or the signature twice', () => {
    const root = checkpoint.root.toString('base64');
    for (const text of [
      `${origin}\n01\n${root}\n`,
      `${origin}\n1\n${root}\nmore\n`,
      `${origin}\n-1\n${root}\n`,
      `${origin}\n1\n`,
    ])
      expect(() => openCheckpoint(signNote(text, signer), origin, pinned)).toThrow('no checkpoint');
    expect(() => openCheckpoint(`${note}${note.split('\n\n')[1]}`, origin, pinned)).toThrow(NoteRejected);
  });

  it('bears the signatures of witnesses beside its own', () => {
    const witness = signerOf('witness.test');
    const text = openNote(note, pinned);
    const witnessed = `${note}${signNote(text, witness).slice(text.length + 1)}`;
    expect(openCheckpoint(witnessed, origin, pinned)).toEqual(checkpoint);
    expect(openCheckpoint(witnessed, origin, witness)).toEqual(checkpoint);
  });
});

describe('a discontinuity', () => {
  const record = {
    before: { origin, size: 9n, root: leafHash(leaf) },
    after: { origin: `${origin}/1`, size: 4n, root: sibling },
    noticedAt: '2026-03-01T12:00:00.000Z',
  };
  const admitted = signDiscontinuity(record, signer);

  it('is read back by whoever has pinned the key, and is no checkpoint', () => {
    expect(openDiscontinuity(admitted, pinned)).toEqual(record);
    for (const each of [origin, `${origin}/1`, 'tenantry/discontinuity@v1'])
      expect(() => openCheckpoint(admitted, each, pinned)).toThrow(NoteRejected);
    expect(() => openDiscontinuity(note, pinned)).toThrow(NoteRejected);
  });

  it('is refused when any bit of it changed, or lines were dropped or added', () => {
    for (const changed of oneBitAway(admitted)) expect(() => openDiscontinuity(changed, pinned)).toThrow(NoteRejected);
    const lines = openNote(admitted, pinned).split('\n');
    for (let i = 0; i < lines.length - 1; i++)
      for (const changed of [lines.toSpliced(i, 1), lines.toSpliced(i, 0, 'x'), lines.with(i, '')])
        expect(() => openDiscontinuity(signNote(`${changed.join('\n').trimEnd()}\n`, signer), pinned)).toThrow(
          NoteRejected,
        );
  });
});

describe('a key', () => {
  it('is refused when any bit of its text changed, or it is no key', () => {
    // The name is covered by the id, so that a key cannot be passed off under another name.
    for (const changed of oneBitAway(encodeKey(signer))) expect(() => decodeKey(changed)).toThrow(NoteRejected);
    for (const text of ['', 'name', 'a+b+c', 'a+00000000+AQ==']) expect(() => decodeKey(text)).toThrow(NoteRejected);
  });
});

describe('a leaf and its proof in one file', () => {
  const two = { ...checkpoint, size: 2n };
  const proof = encodeProof({ index: 0n, hashes: [], checkpoint: note });

  it('shows the leaf under the signed checkpoint', () => {
    expect(openProof(proof, leaf, origin, pinned)).toEqual({ ...checkpoint, index: 0n });
  });

  it('is refused for another leaf, and when any bit of it changed', () => {
    expect(() => openProof(proof, Buffer.from('other'), origin, pinned)).toThrow('does not show this leaf');
    for (const changed of oneBitAway(proof))
      expect(() => openProof(changed, leaf, origin, pinned)).toThrow(NoteRejected);
  });

  it('is refused with a hash too many or of another length', () => {
    for (const hashes of [[sibling], [sibling.subarray(1)], Array.from({ length: 65 }, () => sibling)])
      expect(() => openProof(encodeProof({ index: 0n, hashes, checkpoint: note }), leaf, origin, pinned)).toThrow(
        NoteRejected,
      );
    const unsigned = encodeProof({ index: 0n, hashes: [], checkpoint: signCheckpoint(two, signerOf('tenantry.test')) });
    expect(() => openProof(unsigned, leaf, origin, pinned)).toThrow(NoteRejected);
  });
});

describe('canonical bytes', () => {
  it('do not depend on the order of keys, and sort them by UTF-16 code units (RFC 8785, section 3.2.3)', () => {
    const euro = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(canonicalBytes(euro).toString()).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
    expect(canonicalBytes({ b: [1, { d: null, c: true }], a: '"\\\u000f' })).toEqual(
      canonicalBytes({ a: '"\\\u000f', b: [1, { c: true, d: null }] }),
    );
    expect(canonicalBytes({ a: '"\\\u000f\n/', n: -12 }).toString()).toBe('{"a":"\\"\\\\\\u000f\\n/","n":-12}');
  });

  it('are refused for numbers that readers disagree about, and for what JSON does not hold', () => {
    for (const value of [
      1.5,
      2 ** 53,
      -0,
      Number.NaN,
      Infinity,
      undefined,
      { a: undefined },
      [undefined],
      1n,
      new Date(0),
      '\ud800',
      { '\udc00': 1 },
      new Map(),
    ])
      expect(() => canonicalBytes(value)).toThrow(NotCanonical);
    expect(() => canonicalBytes({ a: [{ b: 0.1 }] })).toThrow('$.a[0].b');
  });
});
