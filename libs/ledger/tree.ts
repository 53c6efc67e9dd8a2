import { emptyRoot, nodeHash } from './hashes.js';

/** A complete subtree: at level 0 a leaf; at level n the node over leaves `index * 2^n` up to the next one's first. */
export interface NodeId {
  readonly level: number;
  readonly index: bigint;
}

export interface TreeNode extends NodeId {
  readonly hash: Buffer;
}

/** Leaves from `start` up to, not including, `end`; as the tree splits them, so each one begins a complete subtree or the tree. */
export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** The hash of a complete subtree that was stored. Throws where it was not: a gap in the storage is never hashed over. */
export type Nodes = (id: NodeId) => Buffer;

/**
 * The nodes that become complete when a leaf is appended to a tree of `size` leaves: the leaf, and each parent that it
 * is the last leaf of. A node never changes afterwards, so a tree is stored by adding rows only.
 */
export function appended(size: bigint, leaf: Buffer, nodes: Nodes): TreeNode[] {
  let node: TreeNode = { level: 0, index: size, hash: leaf };
  const completed = [node];
  while (node.index % 2n === 1n) {
    const left = nodes({ level: node.level, index: node.index - 1n });
    node = { level: node.level + 1, index: node.index / 2n, hash: nodeHash(left, node.hash) };
    completed.push(node);
  }
  return completed;
}

/** The complete subtrees that make up a range, from left to right: what has to be loaded to hash it, or to append after it. */
export function subtreesOf({ start, end }: Range): NodeId[] {
  const subtrees: NodeId[] = [];
  for (let from = start; from < end; ) {
    const level = log2(end - from);
    subtrees.push({ level, index: from >> BigInt(level) });
    from += 1n << BigInt(level);
  }
  return subtrees;
}

/** The Merkle tree hash of a range (RFC 9162, section 2.1.1). */
export function hashOf(range: Range, nodes: Nodes): Buffer {
  return (
    subtreesOf(range)
      .map(nodes)
      .reduceRight<Buffer | undefined>(
        (right, left) => (right === undefined ? left : nodeHash(left, right)),
        undefined,
      ) ?? emptyRoot()
  );
}

export const wholeTree = (size: bigint): Range => ({ start: 0n, end: size });

/**
 * The ranges whose hashes prove that a leaf is in a tree, in the order of the proof (RFC 9162, section 2.1.3.1).
 * Throws RangeError for a leaf that the tree does not have.
 */
export function inclusionRanges(index: bigint, size: bigint): Range[] {
  if (index < 0n || index >= size) throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  const ranges: Range[] = [];
  for (let range = wholeTree(size); range.end - range.start > 1n; ) {
    const [left, right] = split(range);
    const inLeft = index < left.end;
    ranges.push(inLeft ? right : left);
    range = inLeft ? left : right;
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes prove that a tree begins with a smaller one, in the order of the proof (RFC 9162, section
 * 2.1.4.1). Throws RangeError unless 0 < from <= to; the empty tree is the beginning of every tree and needs no proof.
 */
export function consistencyRanges(from: bigint, to: bigint): Range[] {
  if (from <= 0n || from > to) throw new RangeError(`no proof leads from ${from} leaves to ${to}`);
  const ranges: Range[] = [];
  let range = wholeTree(to);
  // The verifier knows the smaller tree's root; it needs no hash of a subtree that is exactly that tree.
  let known = true;
  while (from !== range.end) {
    const [left, right] = split(range);
    const inLeft = from <= left.end;
    ranges.push(inLeft ? right : left);
    range = inLeft ? left : right;
    known &&= inLeft;
  }
  if (!known) ranges.push(range);
  return ranges.reverse();
}

/** At the largest power of two that is smaller than the range. */
function split({ start, end }: Range): [Range, Range] {
  const middle = start + (1n << BigInt(log2(end - start - 1n)));
  return [
    { start, end: middle },
    { start: middle, end },
  ];
}

/** The greatest n with 2^n <= value; the value is positive. */
const log2 = (value: bigint): number => value.toString(2).length - 1;
