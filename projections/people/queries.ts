import type { Database } from '#libs/readstore/database.js';
import { generation, generationsHolding } from '#libs/readstore/generations.js';
import { rowsOf, run } from '#libs/readstore/sql.js';
import { qualified, type RowOf, type TablesOf } from '#libs/readstore/table.js';
import type { invitedAddresses, people } from './people.js';

export type Person = RowOf<typeof people>;
type Tables = TablesOf<typeof people> & TablesOf<typeof invitedAddresses>;

/** What is known of these people, in no order; those erased or never seen are left out. */
export async function peopleNamed(db: Database, userIds: readonly string[]): Promise<Person[]> {
  if (userIds.length === 0) return [];
  return db.withTables<Tables>().selectFrom('people').selectAll().where('user_id', 'in', userIds).execute();
}

/** Organizations that have invited one of the addresses, by their index. */
export async function organizationsInviting(db: Database, emailIndexes: readonly string[]): Promise<string[]> {
  if (emailIndexes.length === 0) return [];
  const query = db.withTables<Tables>().selectFrom('invited_addresses').select('org_id').distinct();
  const rows = await query.where('email_index', 'in', emailIndexes).orderBy('org_id').execute();
  return rows.map(({ org_id: id }) => id);
}

/** What is written of a person: the person's own row, and rows of their addresses. */
export interface Written {
  readonly userId: string;
  readonly emailIndexes: readonly string[];
}

/**
 * Deletes the rows where nobody writes them at present: in generations that are not live. Those that follow the log again
 * meet the events that delete them.
 */
export async function purgePerson(db: Database, written: Written): Promise<void> {
  const live = (await generation(db, 'live'))?.schema;
  for (const { schema, table, column, values } of await placesOf(db, written))
    if (schema !== live) await run(db, `delete from ${qualified(schema, table)} where ${column} = any($1)`, [values]);
}

/** The tables of any generation that still hold a row of the person, as `schema.table`. */
export async function tablesNaming(db: Database, written: Written): Promise<string[]> {
  const found: string[] = [];
  for (const { schema, table, column, values } of await placesOf(db, written)) {
    const query = `select 1 from ${qualified(schema, table)} where ${column} = any($1) limit 1`;
    if ((await rowsOf(db, query, [values])).length > 0) found.push(`${schema}.${table}`);
  }
  return found;
}

/** A generation may hold some of the tables only. */
async function placesOf(db: Database, { userId, emailIndexes }: Written) {
  const holding = [
    { table: 'people', column: 'user_id', values: [userId] },
    { table: 'invited_addresses', column: 'email_index', values: emailIndexes },
  ];
  const places = [];
  for (const each of holding)
    for (const schema of await generationsHolding(db, each.table)) places.push({ schema, ...each });
  return places;
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
