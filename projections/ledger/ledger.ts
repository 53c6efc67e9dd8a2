import { hasTree, leafOf } from '#libs/application/ledger/leaf.js';
import { TreeEdge } from '#libs/ledger/edge.js';
import { leafHash } from '#libs/ledger/hashes.js';
import { subtreesOf, wholeTree } from '#libs/ledger/tree.js';
import type { Database } from '#libs/readstore/database.js';
import type { BatchHandler, ProjectedEvent, Projection } from '#libs/readstore/projection.js';
import { bigint, bytea, table, text } from '#libs/readstore/table.js';
import { loadNodes } from './nodes.js';
import { signedOtherwise } from './signed-otherwise.js';

/**
 * The Merkle trees of streams, a row for each leaf. `hashes` are those of the complete subtrees that the leaf is the last
 * one of, 32 bytes each, the leaf's own first: a node stands in one row and never changes.
 */
export const ledgerLeaves = table(
  'ledger_leaves',
  { stream: text, revision: bigint, event_id: text, hashes: bytea },
  // No index for ids: it would cost as much as all the rest, and who looks for an id reads the leaves of one stream.
  { key: ['stream', 'revision'], appendOnly: true },
);

export const ledgerProjection: Projection = {
  name: 'ledger',
  version: 2,
  tables: [ledgerLeaves],
  begin: async (events, db, schema) => handlerOver(await edgesOf(events, db, schema)),
  contradictions: signedOtherwise,
};

const handlerOver = (edges: ReadonlyMap<string, TreeEdge>): BatchHandler => ({
  each(event, write) {
    const { stream, revision, id, storedData } = event;
    const edge = edges.get(stream);
    // Where events are missing there is no tree beyond.
    if (edge?.size !== revision) return;
    const completed = edge.append(leafHash(leafOf({ ...event, data: storedData })));
    const hashes = Buffer.concat(completed.map(({ hash }) => hash));
    write.put(ledgerLeaves, { stream, revision, event_id: id, hashes: `\\x${hashes.toString('hex')}` });
  },
});

async function edgesOf(
  events: readonly ProjectedEvent[],
  db: Database,
  schema: string,
): Promise<Map<string, TreeEdge>> {
  const sizes = new Map<string, bigint>();
  for (const { stream, revision } of events) if (hasTree(stream) && !sizes.has(stream)) sizes.set(stream, revision);
  const wanted = new Map([...sizes].map(([stream, size]) => [stream, subtreesOf(wholeTree(size))]));
  const nodes = await loadNodes(db, schema, wanted);
  const edges = new Map<string, TreeEdge>();
  for (const [stream, size] of sizes) {
    const edge = TreeEdge.of(size, (id) => nodes.get(stream)?.find(id));
    // The log does not hold the stream's beginning any more. There is no tree without it: that is for whoever asks for
    // proofs to learn, and no reason to stand still.
    if (edge !== undefined) edges.set(stream, edge);
  }
  return edges;
}
