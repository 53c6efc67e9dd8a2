import { createHash } from 'node:crypto';

export const HASH_BYTES = 32;

/** Told apart from inner nodes by a first byte, so that neither can be passed off as the other (RFC 9162, section 2.1.1). */
const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const leafHash = (leaf: Uint8Array): Buffer => sha256(LEAF, leaf);

export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(NODE, left, right);

/** The root of a tree without leaves (RFC 9162, section 2.1.1). */
export const emptyRoot = (): Buffer => sha256();
