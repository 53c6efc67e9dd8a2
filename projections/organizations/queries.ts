import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { organizations } from './organizations.js';

export type Organization = RowOf<typeof organizations>;
type Tables = TablesOf<typeof organizations>;

export async function organization(db: Database, orgId: string): Promise<Organization | undefined> {
  return db.withTables<Tables>().selectFrom('organizations').selectAll().where('org_id', '=', orgId).executeTakeFirst();
}

/** Those of the given organizations that exist in the realm, by id: one of another realm may have named a person too. */
export async function organizationsNamed(
  db: Database,
  realm: string,
  orgIds: readonly string[],
): Promise<Organization[]> {
  if (orgIds.length === 0) return [];
  const query = db.withTables<Tables>().selectFrom('organizations').selectAll();
  return query.where('realm', '=', realm).where('org_id', 'in', orgIds).orderBy('org_id').execute();
}

/** All organizations of a realm, by id; `after` is the last id of the page before. */
export async function organizationsOfRealm(
  db: Database,
  realm: string,
  page: { after?: string | undefined; limit: number },
): Promise<Organization[]> {
  const query = db.withTables<Tables>().selectFrom('organizations').selectAll().where('realm', '=', realm);
  const rest = page.after === undefined ? query : query.where('org_id', '>', page.after);
  return rest.orderBy('org_id').limit(page.limit).execute();
}
