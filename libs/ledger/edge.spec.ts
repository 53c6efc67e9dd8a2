import { describe, expect, it } from '@jest/globals';
import { TreeEdge } from './edge.js';
import { emptyRoot, leafHash, nodeHash } from './hashes.js';

/** RFC 9162, section 2.1.1, word by word. */
function slowRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return emptyRoot();
  if (leaves.length === 1) return leafHash(first);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(slowRoot(leaves.slice(0, k)), slowRoot(leaves.slice(k)));
}

const leaves = Array.from({ length: 70 }, (_, i) => Buffer.from(`leaf ${i}`));

describe('the edge of a growing tree', () => {
  it('has the root of the whole at every size, wherever it was taken up from stored nodes', () => {
    const stored = new Map<string, Buffer>();
    const grown = TreeEdge.empty();
    for (const [size, leaf] of leaves.entries()) {
      const root = slowRoot(leaves.slice(0, size));
      expect(grown.root()).toEqual(root);
      const takenUp = TreeEdge.of(BigInt(size), ({ level, index }) => stored.get(`${level} ${index}`));
      expect(takenUp?.root()).toEqual(root);
      const completed = grown.append(leafHash(leaf));
      expect(takenUp?.append(leafHash(leaf))).toEqual(completed);
      for (const { level, index, hash } of completed) stored.set(`${level} ${index}`, hash);
      expect(grown.size).toBe(BigInt(size) + 1n);
    }
  });

  it('cannot be taken up where a node of it is not stored', () => {
    expect(TreeEdge.of(5n, ({ level }) => (level === 2 ? leafHash(Buffer.of(1)) : undefined))).toBeUndefined();
  });
});
