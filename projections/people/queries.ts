import type { Database } from '#libs/readstore/database.js';
import { generationsHolding } from '#libs/readstore/generations.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { invitedAddresses, people } from './people.js';

export type Person = RowOf<typeof people>;
type Tables = TablesOf<typeof people> & TablesOf<typeof invitedAddresses>;

/** What is known of these people, in no order; those erased or never seen are left out. */
export async function peopleNamed(db: Database, userIds: readonly string[]): Promise<Person[]> {
  if (userIds.length === 0) return [];
  return db.withTables<Tables>().selectFrom('people').selectAll().where('user_id', 'in', userIds).execute();
}

/** For erasure, after the person's key was destroyed: no projector and no rebuild then writes the row again. */
export async function erasePerson(db: Database, userId: string): Promise<void> {
  for (const schema of await generationsHolding(db, 'people'))
    await db.withSchema(schema).withTables<Tables>().deleteFrom('people').where('user_id', '=', userId).execute();
}

/** Addresses that the organization invited, by their index; those that were erased are left out. */
export async function addressesOf(
  db: Database,
  orgId: string,
  indexes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (indexes.length === 0) return new Map();
  const query = db.withTables<Tables>().selectFrom('invited_addresses').selectAll().where('org_id', '=', orgId);
  const rows = await query.where('email_index', 'in', indexes).execute();
  return new Map(rows.map(({ email_index: index, email }) => [index, email]));
}

/** Ids of those who were seen in the realm. */
export async function peopleOfRealm(
  db: Database,
  realm: string,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const query = db.withTables<Tables>().selectFrom('people').select('user_id').where('realm', '=', realm);
  const rows = await query.where('user_id', '>', after).orderBy('user_id').limit(limit).execute();
  return rows.map(({ user_id: id }) => id);
}
