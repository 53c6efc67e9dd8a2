import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { qualified, readSchema, type RowOf, type TablesOf } from '#libs/readstore/table.js';
import { groupMembers, type groups } from './groups.js';

export type Group = RowOf<typeof groups>;
export type GroupMember = RowOf<typeof groupMembers>;
type Tables = TablesOf<typeof groups> & TablesOf<typeof groupMembers>;

interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The groups of an organization, by id; `after` is the last id of the page before. */
export async function groupsOf(db: Database, orgId: string, { after, limit }: Page): Promise<Group[]> {
  const query = db.withTables<Tables>().selectFrom('groups').selectAll().where('org_id', '=', orgId);
  const rest = after === undefined ? query : query.where('group_id', '>', after);
  return rest.orderBy('group_id').limit(limit).execute();
}

export async function group(db: Database, orgId: string, groupId: string): Promise<Group | undefined> {
  const query = db.withTables<Tables>().selectFrom('groups').selectAll().where('org_id', '=', orgId);
  return query.where('group_id', '=', groupId).executeTakeFirst();
}

/** Who is in the group, by user id; `after` is the last user id of the page before. */
export async function groupMembersOf(
  db: Database,
  orgId: string,
  groupId: string,
  { after, limit }: Page,
): Promise<GroupMember[]> {
  const query = db.withTables<Tables>().selectFrom('group_members').selectAll().where('org_id', '=', orgId);
  const ofGroup = query.where('group_id', '=', groupId);
  const rest = after === undefined ? ofGroup : ofGroup.where('user_id', '>', after);
  return rest.orderBy('user_id').limit(limit).execute();
}

/** Ids of those who are in one of the groups. Each group's members are read in order and no further. */
export async function membersOfGroups(
  db: Database,
  orgId: string,
  groupIds: readonly string[],
  { after = '', limit }: Page,
): Promise<string[]> {
  const query = `select distinct found.user_id from unnest($2::text[]) as wanted(id), lateral (
      select user_id from ${qualified(readSchema, groupMembers.name)}
      where org_id = $1 and group_id = wanted.id and user_id > $3 order by user_id limit $4
    ) found order by found.user_id limit $4`;
  const rows = await rowsOf<{ user_id: string }>(db, query, [orgId, groupIds, after, limit]);
  return rows.map(({ user_id: id }) => id);
}
