import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** Told apart from inner nodes by a first byte, so that neither can be passed off as the other (RFC 9162, section 2.1.1). */
const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

export const leafHash = (leaf: Uint8Array): Buffer => sha256(Buffer.concat([LEAF, leaf]));

export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.concat([NODE, left, right]));

/** The root of a tree without leaves (RFC 9162, section 2.1.1). */
export const emptyRoot = (): Buffer => sha256(Buffer.alloc(0));

/** Of a file, as tools print it. */
export const sha256Hex = (bytes: Uint8Array): string => sha256(bytes).toString('hex');
