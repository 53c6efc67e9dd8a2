import { TreeEdge } from '#libs/ledger/edge.js';
import { type NodeId, subtreesOf, wholeTree } from '#libs/ledger/tree.js';
import type { Database } from '#libs/readstore/database.js';
import { loadNodes } from './nodes.js';
import { checkpointsAfter, type SignedRow } from './signed-checkpoints.js';

const PAGE = 500;
/** Where there are more, all of the log is another one: a person need not read each. */
const MOST_TOLD = 20;

/** What stored trees contradict of all that was signed of them, at every size: a sentence for each tree. */
export async function signedOtherwise(db: Database, schema: string): Promise<string[]> {
  const told = new Map<string, string>();
  for (let last: SignedRow | undefined; told.size < MOST_TOLD; ) {
    const signed = await checkpointsAfter(db, last, PAGE);
    last = signed.at(-1);
    if (last === undefined) break;
    const edges = new Map<string, NodeId[]>();
    for (const { stream, size } of signed)
      edges.set(stream, [...(edges.get(stream) ?? []), ...subtreesOf(wholeTree(BigInt(size)))]);
    const nodes = await loadNodes(db, schema, edges);
    for (const { stream, size, root, signed_at: at } of signed) {
      const tree = TreeEdge.of(BigInt(size), (id) => nodes.get(stream)?.find(id));
      if (told.has(stream) || tree?.root().equals(root) === true) continue;
      told.set(stream, `the tree of ${stream} is not the one of ${size} leaves that was signed on ${at}`);
    }
  }
  return [...told.values()];
}
