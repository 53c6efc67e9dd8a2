import type { SecretPlace } from '#libs/application/ports/secret-keeper.js';
import { sealedField } from '#libs/vault/sealed-field.js';
import { SecretStore, type StoredSecret } from '#libs/vault/secrets.js';
import type { SubjectKey } from '#libs/vault/subject-keys.js';
import type { Database } from './database.js';
import { durableSchema } from './migrations.js';
import { rowsOf, run } from './sql.js';
import { qualified } from './table.js';

const secrets = qualified(durableSchema, 'secrets');
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Sealed secrets in Postgres, in the schema that no log can rebuild. */
export class PostgresSecrets extends SecretStore {
  constructor(private readonly db: Database) {
    super();
  }

  override async insert({ orgId, secretId, kid, wrapped, sealed }: StoredSecret, onto: bigint): Promise<void> {
    await run(
      this.db,
      `insert into ${secrets} as present (secret_id, org_id, kid, wrapped, sealed, onto)
        values ($1, $2, $3, $4, $5::jsonb, $6)
        on conflict (secret_id) do update set onto = excluded.onto, kept_at = clock_timestamp()
        where present.onto < excluded.onto`,
      [secretId, orgId, kid, wrapped, JSON.stringify(sealed), `${onto}`],
    );
  }

  override async get({ orgId, secretId }: SecretPlace): Promise<StoredSecret | undefined> {
    const [row] = await rowsOf<{ kid: string; wrapped: Uint8Array; sealed: unknown }>(
      this.db,
      `select kid, wrapped, sealed from ${secrets} where org_id = $1 and secret_id = $2`,
      [orgId, secretId],
    );
    return row && { orgId, secretId, kid: row.kid, wrapped: row.wrapped, sealed: sealedField.parse(row.sealed) };
  }

  override async remove({ orgId, secretId }: SecretPlace): Promise<void> {
    await run(this.db, `delete from ${secrets} where org_id = $1 and secret_id = $2`, [orgId, secretId]);
  }

  override async removeExcept(orgId: string, live: readonly string[], revision: bigint): Promise<number> {
    const removed = await rowsOf(
      this.db,
      `delete from ${secrets} where org_id = $1 and not secret_id = any($2::uuid[]) and onto < $3 returning 1`,
      [orgId, live, `${revision}`],
    );
    await this.confirm(orgId, live);
    return removed.length;
  }

  override async unconfirmed(olderThanMs: number): Promise<readonly string[]> {
    const rows = await rowsOf<{ org_id: string }>(
      this.db,
      `select distinct org_id from ${secrets}
        where not confirmed and kept_at < clock_timestamp() - $1 * interval '1 millisecond'`,
      [olderThanMs],
    );
    return rows.map(({ org_id }) => org_id);
  }

  override async removeUnconfirmed(orgId: string, live: readonly string[], olderThanMs: number): Promise<number> {
    const removed = await rowsOf(
      this.db,
      `delete from ${secrets} where org_id = $1 and not secret_id = any($2::uuid[]) and not confirmed
        and kept_at < clock_timestamp() - $3 * interval '1 millisecond' returning 1`,
      [orgId, live, olderThanMs],
    );
    await this.confirm(orgId, live);
    return removed.length;
  }

  override async page(after: string, limit: number): Promise<ReadonlyMap<string, SubjectKey>> {
    const rows = await rowsOf<{ secret_id: string; kid: string; wrapped: Uint8Array }>(
      this.db,
      `select secret_id, kid, wrapped from ${secrets} where secret_id > $1 order by secret_id limit $2`,
      [after === '' ? FIRST : after, limit],
    );
    return new Map(rows.map(({ secret_id, kid, wrapped }) => [secret_id, { kid, wrapped }]));
  }

  override async rewrap(secretId: string, from: SubjectKey, wrapped: Uint8Array): Promise<void> {
    await run(this.db, `update ${secrets} set wrapped = $2 where secret_id = $1 and kid = $3 and wrapped = $4`, [
      secretId,
      wrapped,
      from.kid,
      from.wrapped,
    ]);
  }

  private async confirm(orgId: string, live: readonly string[]): Promise<void> {
    await run(
      this.db,
      `update ${secrets} set confirmed = true where org_id = $1 and secret_id = any($2::uuid[]) and not confirmed`,
      [orgId, live],
    );
  }
}
