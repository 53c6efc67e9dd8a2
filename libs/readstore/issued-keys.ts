import { hashOfKey, type VirtualKey } from '#libs/application/credentials/virtual-key.js';
import { CredentialIssuer, type IssuedKey, type IssuedKeys } from '#libs/application/ports/credential-issuer.js';
import type { Database } from './database.js';
import { durableSchema } from './migrations.js';
import { rowsOf, run } from './sql.js';
import { qualified } from './table.js';

const credentials = qualified(durableSchema, 'environment_credentials');

type Found = Awaited<ReturnType<IssuedKeys['find']>>;

/** Virtual keys by their hash, in the schema that no log can rebuild: for whoever asks tenantry itself what a key is good for. */
export class PostgresIssuedKeys extends CredentialIssuer implements IssuedKeys {
  constructor(private readonly db: Database) {
    super();
  }

  override issued(orgId: string): Promise<readonly IssuedKey[]> {
    return rowsOf<IssuedKey>(
      this.db,
      `select credential_id::text as "credentialId", told from ${credentials} where org_id = $1 order by credential_id`,
      [orgId],
    );
  }

  override async put(key: VirtualKey, secret: string | undefined, state: string | null): Promise<void> {
    const { orgId, environmentId, credentialId } = key;
    if (secret !== undefined)
      await run(
        this.db,
        `insert into ${credentials} (credential_id, org_id, environment_id, key_hash) values ($1, $2, $3, $4)
          on conflict (credential_id) do nothing`,
        [credentialId, orgId, environmentId, hashOfKey(secret)],
      );
    if (state !== null)
      await run(this.db, `update ${credentials} set told = $2 where credential_id = $1`, [credentialId, state]);
  }

  override async withdraw({ orgId, credentialId }: { orgId: string; credentialId: string }): Promise<void> {
    await run(this.db, `delete from ${credentials} where org_id = $1 and credential_id = $2`, [orgId, credentialId]);
  }

  async find(keyHash: string): Promise<Found> {
    const query = `select org_id as "orgId", environment_id as "environmentId", credential_id::text as "credentialId"
      from ${credentials} where key_hash = $1`;
    const [row] = await rowsOf<NonNullable<Found>>(this.db, query, [keyHash]);
    return row;
  }

  /** Undefined where nothing is known of the key. */
  async hashOf(credentialId: string): Promise<string | undefined> {
    const query = `select key_hash from ${credentials} where credential_id = $1`;
    const [row] = await rowsOf<{ key_hash: string }>(this.db, query, [credentialId]);
    return row?.key_hash;
  }
}
