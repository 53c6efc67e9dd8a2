import { createHash } from 'node:crypto';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { canonical, type Row } from './rows.js';

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** The Merkle trees of organizations, activities, usage and realms, node by node from RFC 9162's own recursion. */
export function ledgerRows(events: readonly StoredEvent[]): Row[] {
  const trees = new Map<string, Buffer[]>();
  return events.flatMap((event) => {
    const { id, stream, revision } = event;
    if (stream.startsWith('user-')) return [];
    const leaves = trees.get(stream) ?? [];
    trees.set(stream, leaves);
    leaves.push(leafOf(event));
    const hashes: Buffer[] = [];
    for (let width = 1; leaves.length % width === 0; width *= 2) hashes.push(rootOf(leaves.slice(-width)));
    return [{ stream, revision: `${revision}`, event_id: id, hashes: `\\x${Buffer.concat(hashes).toString('hex')}` }];
  });
}

/** Signed checkpoints that are not of the tree that the log makes at their size, in words. */
export function checkpointsAgainst(events: readonly StoredEvent[], checkpoints: readonly Row[]): string[] {
  return checkpoints.flatMap(({ stream, size, root, epoch }) => {
    const leaves = events.filter((event) => event.stream === stream).slice(0, Number(size));
    const wanted = leaves.length === Number(size) && `\\x${rootOf(leaves.map(leafOf)).toString('hex')}`;
    return epoch === 0 && wanted === root ? [] : [`${String(stream)} was signed otherwise at size ${String(size)}`];
  });
}

function leafOf({ id, type, stream, revision, data, metadata }: StoredEvent): Buffer {
  const leaf = canonical({ id, type, stream, revision: `${revision}`, data, metadata });
  return sha256(Buffer.of(0), Buffer.from(leaf));
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return only;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}
