import {
  LedgerTrees,
  type SignedCheckpoint,
  type StoredTree,
  TreeDamaged,
  type TreeToSign,
} from '#libs/application/ledger/trees.js';
import type { NodeId } from '#libs/ledger/tree.js';
import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { qualified, readSchema } from '#libs/readstore/table.js';
import { ledgerLeaves } from './ledger.js';
import { loadNodes } from './nodes.js';
import {
  addCheckpoint,
  addDiscontinuity,
  discontinuitiesOf,
  exchangeNote,
  lastCheckpoint,
  lockTree,
  treesAfter,
} from './signed-checkpoints.js';

const leaves = qualified(readSchema, ledgerLeaves.name);

/** Trees in Postgres: nodes among the read models, what was signed in the schema that no log can rebuild. */
export class PostgresLedgerTrees extends LedgerTrees {
  constructor(private readonly db: Database) {
    super();
  }

  override tree(stream: string): StoredTree {
    return treeIn(this.db, stream);
  }

  override page(after: string, limit: number): Promise<{ stream: string; isSigned: boolean }[]> {
    return treesAfter(this.db, leaves, after, limit);
  }

  override signing<T>(stream: string, task: (tree: TreeToSign) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(async (tx) => {
      await lockTree(tx, stream);
      return task({
        ...treeIn(tx, stream),
        add: (checkpoint) => addCheckpoint(tx, stream, checkpoint),
        cosign: (checkpoint) => exchangeNote(tx, stream, checkpoint),
        discontinue: (record) => addDiscontinuity(tx, stream, record),
      });
    });
  }
}

const treeIn = (db: Database, stream: string): StoredTree => ({
  async size() {
    const query = `select revision from ${leaves} where stream = $1 order by revision desc limit 1`;
    const [last] = await rowsOf<{ revision: string }>(db, query, [stream]);
    return last === undefined ? 0n : BigInt(last.revision) + 1n;
  },
  async nodes(ids) {
    const found = (await loadNodes(db, readSchema, new Map([[stream, ids]]))).get(stream);
    return (id: NodeId) => {
      const hash = found?.find(id);
      if (hash === undefined) throw new TreeDamaged(`the tree of ${stream} lacks ${id.index} at level ${id.level}`);
      return hash;
    };
  },
  async revisionOf(eventId) {
    const query = `select revision from ${leaves} where stream = $1 and event_id = $2`;
    const [found] = await rowsOf<{ revision: string }>(db, query, [stream, eventId]);
    return found && BigInt(found.revision);
  },
  async lastSigned(): Promise<SignedCheckpoint | undefined> {
    const row = await lastCheckpoint(db, stream);
    if (row === undefined) return undefined;
    const { epoch, size, root, note, signed_at: signedAt } = row;
    // The origin is the first line of what was signed.
    return { epoch, origin: note.slice(0, note.indexOf('\n')), size: BigInt(size), root, note, signedAt };
  },
  discontinuities: () => discontinuitiesOf(db, stream),
});
