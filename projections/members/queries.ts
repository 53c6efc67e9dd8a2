import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { members } from './members.js';

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
