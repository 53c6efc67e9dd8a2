import { emptyRoot, HASH_BYTES, nodeHash } from './hashes.js';

export interface InclusionClaim {
  readonly index: bigint;
  readonly size: bigint;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
}

export interface ConsistencyClaim {
  readonly from: bigint;
  readonly fromRoot: Uint8Array;
  readonly to: bigint;
  readonly toRoot: Uint8Array;
}

/** Whether the proof shows that the leaf hash stands at this index of the tree (RFC 9162, section 2.1.3.2). */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Uint8Array[]): boolean {
  const { index, size, leaf, root } = claim;
  if (index < 0n || index >= size || !areHashes([leaf, root, ...proof])) return false;
  let position = index;
  let last = size - 1n;
  let computed = leaf;
  for (const sibling of proof) {
    if (last === 0n) return false;
    if (position % 2n === 1n || position === last) {
      computed = nodeHash(sibling, computed);
      // On the right edge the node is carried up unpaired over the levels where it has no sibling.
      while (position % 2n === 0n && position !== 0n) {
        position >>= 1n;
        last >>= 1n;
      }
    } else computed = nodeHash(computed, sibling);
    position >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(computed, root);
}

/** Whether the proof shows that the larger tree begins with the smaller one (RFC 9162, section 2.1.4.2). */
export function verifyConsistency(claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  const { from, fromRoot, to, toRoot } = claim;
  if (from < 0n || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === 0n) return proof.length === 0 && equal(fromRoot, emptyRoot()) && (to > 0n || equal(toRoot, fromRoot));
  if (from === to) return proof.length === 0 && equal(fromRoot, toRoot);
  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof;
  if (first === undefined || rest.length === 0) return false;
  let position = from - 1n;
  let last = to - 1n;
  while (position % 2n === 1n) {
    position >>= 1n;
    last >>= 1n;
  }
  let smaller = first;
  let larger = first;
  for (const sibling of rest) {
    if (last === 0n) return false;
    if (position % 2n === 1n || position === last) {
      smaller = nodeHash(sibling, smaller);
      larger = nodeHash(sibling, larger);
      while (position % 2n === 0n && position !== 0n) {
        position >>= 1n;
        last >>= 1n;
      }
    } else larger = nodeHash(larger, sibling);
    position >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(smaller, fromRoot) && equal(larger, toRoot);
}

const isPowerOfTwo = (value: bigint): boolean => (value & (value - 1n)) === 0n;

const areHashes = (values: readonly Uint8Array[]): boolean => values.every(({ length }) => length === HASH_BYTES);

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
