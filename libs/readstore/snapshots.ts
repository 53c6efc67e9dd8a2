import { type SnapshotPlace, SnapshotStore, type StoredSnapshot } from '#libs/application/ports/snapshot-store.js';
import type { UpTo } from '#libs/application/up-to.js';
import type { Database } from './database.js';
import { lockSchemas } from './read-schema.js';
import { rowsOf, run } from './sql.js';

/** Beside the read models, since any process that folds may write here; disposable as they are. */
const table = 'snapshots.organizations';

type Row = { readonly revision: string; readonly instant: string; readonly body: string; readonly digest: string };

/** Snapshots in Postgres, under the hash of the code that folded them. */
export class PostgresSnapshots extends SnapshotStore {
  private constructor(
    private readonly db: Database,
    private readonly code: string,
  ) {
    super();
  }

  /** Makes the table where there is none, and empties it of what other code has folded. */
  static async open(db: Database, code: string): Promise<PostgresSnapshots> {
    await db.transaction().execute(async (tx) => {
      await lockSchemas(tx);
      await run(tx, 'create schema if not exists snapshots');
      await run(
        tx,
        `create table if not exists ${table} (code text collate "C", org_id text collate "C", revision bigint,
           instant bigint not null, body text not null, digest text not null, primary key (code, org_id, revision))`,
      );
      await run(tx, `delete from ${table} where code <> $1`, [code]);
    });
    return new PostgresSnapshots(db, code);
  }

  override async latest(orgId: string, upTo: UpTo): Promise<StoredSnapshot | undefined> {
    const [row] = await this.youngest<Row>('revision, instant, body, digest', orgId, upTo);
    return row && { ...row, orgId, revision: BigInt(row.revision), instant: Number(row.instant) };
  }

  override async place(orgId: string, upTo: UpTo): Promise<SnapshotPlace | undefined> {
    const columns = 'revision, octet_length(body) as bytes';
    const [row] = await this.youngest<{ revision: string; bytes: number }>(columns, orgId, upTo);
    return row && { revision: BigInt(row.revision), bytes: row.bytes };
  }

  private youngest<Found>(columns: string, orgId: string, upTo: UpTo): Promise<Found[]> {
    const [column, bound] = 'revision' in upTo ? ['revision', upTo.revision] : ['instant', Math.floor(upTo.instant)];
    const query = `select ${columns} from ${table}
      where code = $1 and org_id = $2 and ${column} <= $3 order by revision desc limit 1`;
    return rowsOf(this.db, query, [this.code, orgId, bound.toString()]);
  }

  override async save({ orgId, revision, instant, body, digest }: StoredSnapshot): Promise<void> {
    const values = [this.code, orgId, revision.toString(), instant.toString(), body, digest];
    await run(this.db, `insert into ${table} values ($1, $2, $3, $4, $5, $6) on conflict do nothing`, values);
  }

  override async discard(orgId: string, from: bigint): Promise<void> {
    const values = [this.code, orgId, from.toString()];
    await run(this.db, `delete from ${table} where code = $1 and org_id = $2 and revision >= $3`, values);
  }
}
