import { leafHash } from '#libs/ledger/hashes.js';
import { TreeEdge } from '#libs/ledger/edge.js';
import type { EventStore } from '../ports/event-store.js';
import { leafOf } from './leaf.js';

/**
 * The roots of a stream's tree at these sizes, from its events alone, or from those that come after `edge`; none for a size
 * that the log does not reach. Appends to the edge.
 */
export async function rootsInLog(
  store: EventStore,
  stream: string,
  sizes: readonly bigint[],
  edge = TreeEdge.empty(),
): Promise<ReadonlyMap<bigint, Buffer>> {
  const roots = new Map<bigint, Buffer>();
  const last = sizes.reduce((most, size) => (size > most ? size : most), 0n);
  const note = () => sizes.includes(edge.size) && roots.set(edge.size, edge.root());
  note();
  for await (const page of store.read(stream, edge.size, Number(last - edge.size)))
    for (const event of page) {
      // Where events are missing there is no tree beyond.
      if (event.revision !== edge.size) return roots;
      edge.append(leafHash(leafOf(event)));
      note();
    }
  return roots;
}
