import { appended, hashOf, type NodeId, subtreesOf, type TreeNode, wholeTree } from './tree.js';

/** A growing tree of which only the right edge is kept: the complete subtrees that later leaves are joined to. */
export class TreeEdge {
  /** By level; entries of levels that the size has no subtree of are stale and never asked for. */
  private readonly hashes: Buffer[] = [];

  private constructor(private leaves: bigint) {}

  static empty(): TreeEdge {
    return new TreeEdge(0n);
  }

  /** Of a tree of this size, by its stored nodes; undefined where one of them is not found. */
  static of(size: bigint, find: (id: NodeId) => Buffer | undefined): TreeEdge | undefined {
    const edge = new TreeEdge(size);
    for (const id of subtreesOf(wholeTree(size))) {
      const hash = find(id);
      if (hash === undefined) return undefined;
      edge.hashes[id.level] = hash;
    }
    return edge;
  }

  get size(): bigint {
    return this.leaves;
  }

  /** Takes the hash of the next leaf. Answers the nodes that it completes, its own first. */
  append(leaf: Buffer): readonly TreeNode[] {
    const completed = appended(this.leaves, leaf, ({ level }) => this.at(level));
    for (const { level, hash } of completed) this.hashes[level] = hash;
    this.leaves += 1n;
    return completed;
  }

  root(): Buffer {
    return hashOf(wholeTree(this.leaves), ({ level }) => this.at(level));
  }

  private at(level: number): Buffer {
    const hash = this.hashes[level];
    if (hash === undefined) throw new Error(`no subtree of level ${level} at the edge`);
    return hash;
  }
}
