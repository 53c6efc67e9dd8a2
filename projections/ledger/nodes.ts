import { HASH_BYTES } from '#libs/ledger/hashes.js';
import type { NodeId } from '#libs/ledger/tree.js';
import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { qualified } from '#libs/readstore/table.js';

const LEAVES = 'ledger_leaves';

/** The revision of the leaf that completes a subtree: in its row the node stands, `level` hashes after the leaf's own. */
const completedBy = ({ level, index }: NodeId): bigint => ((index + 1n) << BigInt(level)) - 1n;

/** Some nodes of one tree. */
export class NodesOf {
  private readonly rows = new Map<bigint, Buffer>();

  add(revision: bigint, hashes: Buffer): void {
    this.rows.set(revision, hashes);
  }

  find(id: NodeId): Buffer | undefined {
    const start = id.level * HASH_BYTES;
    const hash = this.rows.get(completedBy(id))?.subarray(start, start + HASH_BYTES);
    return hash?.length === HASH_BYTES ? hash : undefined;
  }
}

/** The nodes with these ids, by stream, as far as they are stored; one row is read for each. */
export async function loadNodes(
  db: Database,
  schema: string,
  wanted: ReadonlyMap<string, readonly NodeId[]>,
): Promise<ReadonlyMap<string, NodesOf>> {
  const found = new Map<string, NodesOf>();
  const streams: string[] = [];
  const revisions: string[] = [];
  for (const [stream, ids] of wanted)
    for (const revision of new Set(ids.map(completedBy))) {
      streams.push(stream);
      revisions.push(revision.toString());
    }
  if (streams.length === 0) return found;
  const rows = await rowsAt(db, schema, streams, revisions);
  for (const { stream, revision, hashes } of rows) {
    const nodes = found.get(stream) ?? new NodesOf();
    found.set(stream, nodes);
    nodes.add(BigInt(revision), hashes);
  }
  return found;
}

export interface LeafRow {
  readonly stream: string;
  readonly revision: string;
  readonly hashes: Buffer;
}

/** The rows of these leaves, as far as they are stored. */
export const leavesAt = (
  db: Database,
  schema: string,
  at: readonly { readonly stream: string; readonly revision: bigint }[],
): Promise<LeafRow[]> =>
  rowsAt(
    db,
    schema,
    at.map(({ stream }) => stream),
    at.map(({ revision }) => revision.toString()),
  );

const rowsAt = (
  db: Database,
  schema: string,
  streams: readonly string[],
  revisions: readonly string[],
): Promise<LeafRow[]> =>
  rowsOf(
    db,
    `select stream, revision, hashes from unnest($1::text[], $2::bigint[]) as wanted(stream, revision)
      join ${qualified(schema, LEAVES)} using (stream, revision)`,
    [streams, revisions],
  );
