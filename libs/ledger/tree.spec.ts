import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { emptyRoot, leafHash, nodeHash } from './hashes.js';
import { appended, consistencyRanges, hashOf, inclusionRanges, type NodeId, type Nodes, wholeTree } from './tree.js';
import { verifyConsistency, verifyInclusion } from './verify.js';

/** RFC 9162's definitions word by word, over the leaves themselves: slow, and independent of how nodes are stored. */
const slow = {
  root(leaves: readonly Buffer[]): Buffer {
    if (leaves.length === 0) return emptyRoot();
    const [only] = leaves;
    if (leaves.length === 1 && only !== undefined) return leafHash(only);
    const k = this.k(leaves.length);
    return nodeHash(this.root(leaves.slice(0, k)), this.root(leaves.slice(k)));
  },
  path(m: number, leaves: readonly Buffer[]): Buffer[] {
    if (leaves.length === 1) return [];
    const k = this.k(leaves.length);
    return m < k
      ? [...this.path(m, leaves.slice(0, k)), this.root(leaves.slice(k))]
      : [...this.path(m - k, leaves.slice(k)), this.root(leaves.slice(0, k))];
  },
  subproof(m: number, leaves: readonly Buffer[], known: boolean): Buffer[] {
    if (m === leaves.length) return known ? [] : [this.root(leaves)];
    const k = this.k(leaves.length);
    return m <= k
      ? [...this.subproof(m, leaves.slice(0, k), known), this.root(leaves.slice(k))]
      : [...this.subproof(m - k, leaves.slice(k), false), this.root(leaves.slice(0, k))];
  },
  /** The largest power of two smaller than n. */
  k(n: number): number {
    let k = 1;
    while (2 * k < n) k *= 2;
    return k;
  },
};

const keyOf = ({ level, index }: NodeId) => `${level}/${index}`;

class StoredTree {
  size = 0n;
  private readonly rows = new Map<string, Buffer>();
  readonly nodes: Nodes = (id) => {
    const hash = this.rows.get(keyOf(id));
    if (hash === undefined) throw new Error(`node ${keyOf(id)} is not stored`);
    return hash;
  };
  append(leaf: Buffer): void {
    for (const node of appended(this.size, leafHash(leaf), this.nodes)) {
      if (this.rows.has(keyOf(node))) throw new Error(`node ${keyOf(node)} was written twice`);
      this.rows.set(keyOf(node), node.hash);
    }
    this.size += 1n;
  }
  root = (size: bigint) => hashOf(wholeTree(size), this.nodes);
  inclusion = (index: bigint, size: bigint) => inclusionRanges(index, size).map((range) => hashOf(range, this.nodes));
  consistency = (from: bigint, to: bigint) => consistencyRanges(from, to).map((range) => hashOf(range, this.nodes));
}

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => Buffer.from(`leaf ${i}`));
const treeOf = (leaves: readonly Buffer[]) => {
  const tree = new StoredTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
};
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
};
const flipped = (bytes: Uint8Array, byte: number, bit = 0): Buffer => {
  const copy = Buffer.from(bytes);
  copy[byte % copy.length] = (copy[byte % copy.length] ?? 0) ^ (1 << bit);
  return copy;
};

const MOST = 50;
const leaves = leavesOf(MOST);
const tree = treeOf(leaves);
const roots = [...Array(MOST + 1).keys()].map((size) => tree.root(BigInt(size)));
const rootAt = (size: bigint | number): Buffer => at(roots, Number(size));

describe('the tree', () => {
  it('has the roots that Certificate Transparency publishes for its sample leaves', () => {
    const sample = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const published = treeOf(sample.map((hex) => Buffer.from(hex, 'hex')));
    expect([0n, 1n, 2n, 3n, 5n, 8n].map((size) => published.root(size).toString('hex'))).toEqual([
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]);
  });

  it('equals the definitions of RFC 9162 for every size, leaf and pair of sizes', () => {
    for (let size = 0; size <= MOST; size++) {
      const part = leaves.slice(0, size);
      expect(tree.root(BigInt(size))).toEqual(slow.root(part));
      for (let index = 0; index < size; index++)
        expect(tree.inclusion(BigInt(index), BigInt(size))).toEqual(slow.path(index, part));
      for (let from = 1; from <= size; from++)
        expect(tree.consistency(BigInt(from), BigInt(size))).toEqual(slow.subproof(from, part, true));
    }
  });

  it('has no proof for what it does not hold', () => {
    for (const [index, size] of [
      [0n, 0n],
      [3n, 3n],
      [-1n, 3n],
    ] as const)
      expect(() => inclusionRanges(index, size)).toThrow(RangeError);
    for (const [from, to] of [
      [0n, 3n],
      [4n, 3n],
      [-1n, 3n],
    ] as const)
      expect(() => consistencyRanges(from, to)).toThrow(RangeError);
  });
});

describe('a proof of inclusion', () => {
  it('is accepted for every leaf of every size, and for no other leaf, index, size or root', () => {
    for (let size = 1; size <= 24; size++)
      for (let index = 0; index < size; index++) {
        const root = rootAt(size);
        const claim = { index: BigInt(index), size: BigInt(size), leaf: leafHash(at(leaves, index)), root };
        const proof = tree.inclusion(claim.index, claim.size);
        expect(verifyInclusion(claim, proof)).toBe(true);
        const others = [...Array(size).keys()].filter((other) => other !== index);
        const wrong = [
          ...others.map((other) => ({ ...claim, index: BigInt(other) })),
          ...others.map((other) => ({ ...claim, leaf: leafHash(at(leaves, other)) })),
          ...[claim.size + 1n, 2n * claim.size + 1n, 0n].map((other) => ({
            ...claim,
            size: other,
            root: rootAt(other),
          })),
        ];
        expect(wrong.filter((each) => verifyInclusion(each, proof))).toEqual([]);
      }
  });

  it('is refused when a byte of anything changed, or a hash was dropped, added or moved', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: MOST }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.nat(7),
        (size, n, which, byte, bit) => {
          const index = n % size;
          const claim = {
            index: BigInt(index),
            size: BigInt(size),
            leaf: leafHash(at(leaves, index)),
            root: rootAt(size),
          };
          const proof = tree.inclusion(claim.index, claim.size);
          const i = which % proof.length;
          expect(verifyInclusion({ ...claim, leaf: flipped(claim.leaf, byte, bit) }, proof)).toBe(false);
          expect(verifyInclusion({ ...claim, root: flipped(claim.root, byte, bit) }, proof)).toBe(false);
          expect(verifyInclusion(claim, proof.with(i, flipped(at(proof, i), byte, bit)))).toBe(false);
          expect(verifyInclusion(claim, proof.toSpliced(i, 1))).toBe(false);
          expect(verifyInclusion(claim, proof.toSpliced(i, 0, at(proof, i)))).toBe(false);
          expect(verifyInclusion(claim, proof.with(i, at(proof, i).subarray(0, 31)))).toBe(false);
          if (proof.length > 1) expect(verifyInclusion(claim, proof.toReversed())).toBe(false);
        },
      ),
    );
  });

  it('is refused when bytes moved from one hash to its neighbour, which gives the same input to the hash of the node', () => {
    const [leaf, sibling, root] = [leafHash(at(leaves, 0)), leafHash(at(leaves, 1)), rootAt(2)];
    const moved = { leaf: Buffer.concat([leaf, sibling.subarray(0, 1)]), sibling: sibling.subarray(1) };
    expect(nodeHash(moved.leaf, moved.sibling)).toEqual(root);
    expect(verifyInclusion({ index: 0n, size: 2n, leaf: moved.leaf, root }, [moved.sibling])).toBe(false);
  });
});

describe('a proof of consistency', () => {
  const claimOf = (from: number, to: number) => ({
    from: BigInt(from),
    fromRoot: rootAt(from),
    to: BigInt(to),
    toRoot: rootAt(to),
  });

  it('is accepted for every pair of sizes, and for no other sizes or roots', () => {
    for (let to = 1; to <= 24; to++)
      for (let from = 1; from <= to; from++) {
        const claim = claimOf(from, to);
        const proof = tree.consistency(claim.from, claim.to);
        expect(verifyConsistency(claim, proof)).toBe(true);
        const sizes = [...Array(31).keys()];
        const wrong = [
          // Without hashes the proof is also the one that leads from the empty tree.
          ...sizes.filter((n) => n !== from && (n > 0 || proof.length > 0)).map((n) => claimOf(n, to)),
          ...sizes.filter((n) => n !== from).map((n) => ({ ...claim, fromRoot: rootAt(n) })),
          ...sizes.filter((n) => n !== to).map((n) => ({ ...claim, toRoot: rootAt(n) })),
        ];
        expect(wrong.filter((each) => verifyConsistency(each, proof))).toEqual([]);
      }
  });

  it('from the empty tree is empty, and asks for the empty root', () => {
    expect(verifyConsistency(claimOf(0, 5), [])).toBe(true);
    expect(verifyConsistency(claimOf(0, 0), [])).toBe(true);
    expect(verifyConsistency(claimOf(0, 5), [tree.root(5n)])).toBe(false);
    expect(verifyConsistency({ ...claimOf(0, 5), fromRoot: tree.root(1n) }, [])).toBe(false);
    expect(verifyConsistency({ ...claimOf(0, 0), toRoot: tree.root(1n) }, [])).toBe(false);
  });

  it('is refused when a byte of anything changed, or a hash was dropped, added or moved', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: MOST }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.nat(7),
        (to, n, which, byte, bit) => {
          const claim = claimOf(1 + (n % (to - 1)), to);
          const proof = tree.consistency(claim.from, claim.to);
          const i = which % proof.length;
          expect(verifyConsistency({ ...claim, fromRoot: flipped(claim.fromRoot, byte, bit) }, proof)).toBe(false);
          expect(verifyConsistency({ ...claim, toRoot: flipped(claim.toRoot, byte, bit) }, proof)).toBe(false);
          expect(verifyConsistency(claim, proof.with(i, flipped(at(proof, i), byte, bit)))).toBe(false);
          expect(verifyConsistency(claim, proof.toSpliced(i, 1))).toBe(false);
          expect(verifyConsistency(claim, proof.toSpliced(i, 0, at(proof, i)))).toBe(false);
          if (proof.length > 1) expect(verifyConsistency(claim, proof.toReversed())).toBe(false);
        },
      ),
    );
  });

  it('is refused for a history in which a leaf was altered, dropped, swapped or put in', () => {
    const size = 13;
    const original = leaves.slice(0, size);
    for (let i = 0; i < size; i++) {
      const altered = original.with(i, Buffer.from('other'));
      const dropped = [...original.toSpliced(i, 1), Buffer.from('last')];
      const swapped = original.with(i, at(original, (i + 1) % size)).with((i + 1) % size, at(original, i));
      const inserted = original.toSpliced(i, 0, Buffer.from('new')).slice(0, size);
      for (const forged of [altered, dropped, swapped, inserted]) {
        const other = treeOf([...forged, Buffer.from('a'), Buffer.from('b')]);
        const claim = { from: 13n, fromRoot: tree.root(13n), to: 15n, toRoot: other.root(15n) };
        expect(verifyConsistency(claim, other.consistency(13n, 15n))).toBe(false);
      }
    }
  });
});
