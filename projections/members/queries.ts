import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { qualified, readSchema, type RowOf, type TablesOf } from '#libs/readstore/table.js';
import { members } from './members.js';

export type Member = RowOf<typeof members>;
type Tables = TablesOf<typeof members>;

/** By user id; `after` is the last user id of the page before. */
export async function membersOf(
  db: Database,
  orgId: string,
  page: { after?: string | undefined; limit: number },
): Promise<Member[]> {
  const query = db.withTables<Tables>().selectFrom('members').selectAll().where('org_id', '=', orgId);
  const rest = page.after === undefined ? query : query.where('user_id', '>', page.after);
  return rest.orderBy('user_id').limit(page.limit).execute();
}

/** The memberships of one person, by organization id: the one query that crosses organizations, for the person itself. */
export async function membershipsOfUser(
  db: Database,
  userId: string,
  page: { after?: string | undefined; limit: number },
): Promise<Member[]> {
  const query = db.withTables<Tables>().selectFrom('members').selectAll().where('user_id', '=', userId);
  const rest = page.after === undefined ? query : query.where('org_id', '>', page.after);
  return rest.orderBy('org_id').limit(page.limit).execute();
}

/** Ids of the members whose membership gives one of the roles. Each role's holders are read in order and no further. */
export async function membersHolding(
  db: Database,
  orgId: string,
  roles: readonly string[],
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const query = `select holder.user_id from unnest($2::text[]) as wanted(role), lateral (
      select user_id from ${qualified(readSchema, members.name)}
      where org_id = $1 and role = wanted.role and user_id > $3 order by user_id limit $4
    ) holder order by holder.user_id limit $4`;
  const rows = await rowsOf<{ user_id: string }>(db, query, [orgId, roles, after, limit]);
  return rows.map(({ user_id: id }) => id);
}
