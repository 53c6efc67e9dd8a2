import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { invitations } from './invitations.js';

export type Invitation = RowOf<typeof invitations>;
type Tables = TablesOf<typeof invitations>;

/** The invitations of an organization, by id; `after` is the last id of the page before. */
export async function invitationsOf(
  db: Database,
  orgId: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<Invitation[]> {
  const query = db.withTables<Tables>().selectFrom('invitations').selectAll().where('org_id', '=', orgId);
  const rest = after === undefined ? query : query.where('invitation_id', '>', after);
  return rest.orderBy('invitation_id').limit(limit).execute();
}

/** Those to one of the addresses that one of the organizations has made, whatever became of them. */
export async function invitationsBy(
  db: Database,
  orgIds: readonly string[],
  emailIndexes: readonly string[],
): Promise<Invitation[]> {
  if (orgIds.length === 0 || emailIndexes.length === 0) return [];
  const query = db.withTables<Tables>().selectFrom('invitations').selectAll().where('org_id', 'in', orgIds);
  return query.where('email_index', 'in', emailIndexes).orderBy('org_id').orderBy('invitation_id').execute();
}

/** Those that wait for an answer of the address, and whose time is not over at the instant (RFC 3339). */
export async function invitationsTo(
  db: Database,
  emailIndexes: readonly string[],
  at: string,
  limit: number,
): Promise<Invitation[]> {
  const query = db.withTables<Tables>().selectFrom('invitations').selectAll().where('email_index', 'in', emailIndexes);
  return query
    .where('status', '=', 'pending')
    .where('expires_at', '>', at)
    .orderBy('org_id')
    .orderBy('invitation_id')
    .limit(limit)
    .execute();
}

/** How many are open at the instant (RFC 3339). */
export async function pendingInvitations(db: Database, orgId: string, at: string): Promise<number> {
  const query = db.withTables<Tables>().selectFrom('invitations').where('org_id', '=', orgId);
  const open = query.where('status', '=', 'pending').where('expires_at', '>', at);
  const { count } = await open.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
  return Number(count);
}
