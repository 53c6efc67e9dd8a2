import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { environmentAccess } from './environment-access.js';

export type EnvironmentGrant = RowOf<typeof environmentAccess>;
type Tables = TablesOf<typeof environmentAccess>;

export interface Grantee {
  readonly type: string;
  readonly id: string;
}

/** The grants on one environment, by grantee; `after` is the last grantee of the page before. */
export async function grantsOn(
  db: Database,
  orgId: string,
  environmentId: string,
  page: { after?: Grantee | undefined; limit: number },
): Promise<EnvironmentGrant[]> {
  const { after } = page;
  const query = grants(db, orgId).where('environment_id', '=', environmentId);
  const rest =
    after === undefined
      ? query
      : query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('grantee_type', 'grantee_id'), '>', tuple(after.type, after.id)),
        );
  return rest.orderBy('grantee_type').orderBy('grantee_id').limit(page.limit).execute();
}

/** The grants to one grantee, by environment id; `after` is the last environment id of the page before. */
export async function grantsTo(
  db: Database,
  orgId: string,
  grantee: Grantee,
  page: { after?: string | undefined; limit: number },
): Promise<EnvironmentGrant[]> {
  const query = grants(db, orgId).where('grantee_type', '=', grantee.type).where('grantee_id', '=', grantee.id);
  const rest = page.after === undefined ? query : query.where('environment_id', '>', page.after);
  return rest.orderBy('environment_id').limit(page.limit).execute();
}

const grants = (db: Database, orgId: string) =>
  db.withTables<Tables>().selectFrom('environment_access').selectAll().where('org_id', '=', orgId);

/** Ids of the people with a grant of their own on the environment. */
export async function granteesOn(
  db: Database,
  orgId: string,
  environmentId: string,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const rows = await grants(db, orgId)
    .where('environment_id', '=', environmentId)
    .where('grantee_type', '=', 'user')
    .where('grantee_id', '>', after)
    .orderBy('grantee_id')
    .limit(limit)
    .execute();
  return rows.map(({ grantee_id: id }) => id);
}

/** Ids of the environments that are granted to one of the groups. */
export async function environmentsGrantedTo(
  db: Database,
  orgId: string,
  groups: readonly string[],
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const rows = await db
    .withTables<Tables>()
    .selectFrom('environment_access')
    .select('environment_id')
    .distinct()
    .where('org_id', '=', orgId)
    .where('grantee_type', '=', 'group')
    .where('grantee_id', 'in', groups)
    .where('environment_id', '>', after)
    .orderBy('environment_id')
    .limit(limit)
    .execute();
  return rows.map(({ environment_id: id }) => id);
}
