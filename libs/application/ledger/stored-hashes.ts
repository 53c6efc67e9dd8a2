import type { Checkpoint } from '#libs/ledger/checkpoint.js';
import { leafHash } from '#libs/ledger/hashes.js';
import { hashOf, inclusionRanges, type Range, subtreesOf, wholeTree } from '#libs/ledger/tree.js';
import { verifyInclusion } from '#libs/ledger/verify.js';
import type { StoredTree } from './trees.js';

/** The hashes that prove a leaf. Undefined where they do not show the leaf under this checkpoint. */
export async function proofOf(
  tree: StoredTree,
  index: bigint,
  leaf: Buffer,
  { size, root }: Checkpoint,
): Promise<Buffer[] | undefined> {
  const hashes = await hashesOf(tree, inclusionRanges(index, size));
  return verifyInclusion({ index, size, leaf: leafHash(leaf), root }, hashes) ? hashes : undefined;
}

/** Whether the stored nodes hash to the checkpoint's root. */
export async function isRoot(tree: StoredTree, { size, root }: Checkpoint): Promise<boolean> {
  const [found] = await hashesOf(tree, [wholeTree(size)]);
  return found?.equals(root) === true;
}

/** Of each range, from stored nodes. */
export async function hashesOf(tree: StoredTree, ranges: readonly Range[]): Promise<Buffer[]> {
  const nodes = await tree.nodes(ranges.flatMap(subtreesOf));
  return ranges.map((range) => hashOf(range, nodes));
}
