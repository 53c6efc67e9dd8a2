import { principalOf } from '#libs/domain/access/machines.js';
import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { workflows } from './workflows.js';

export type Workflow = RowOf<typeof workflows>;
type Tables = TablesOf<typeof workflows>;

/**
 * The workflows of an organization, by id; of those in personal environments only the one's whom `owner` names. `after` is the
 * last id of the page before.
 */
export async function workflowsOf(
  db: Database,
  orgId: string,
  owner: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<Workflow[]> {
  const query = db
    .withTables<Tables>()
    .selectFrom('workflows')
    .selectAll()
    .where('org_id', '=', orgId)
    .where((row) => row.or([row('environment_id', 'is not', null), row('owner_id', '=', owner)]));
  const rest = after === undefined ? query : query.where('workflow_id', '>', after);
  return rest.orderBy('workflow_id').limit(limit).execute();
}

/**
 * Principals of the workflows in the personal environment of their owner, in whatever organization, in the order of their ids;
 * `after` is a principal too.
 */
export async function guestsOf(
  db: Database,
  ownerId: string,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const found = await db
    .withTables<Tables>()
    .selectFrom('workflows')
    .select(['org_id', 'workflow_id'])
    .where('owner_id', '=', ownerId)
    .where('environment_id', 'is', null)
    .execute();
  // One person's own are few, and their principals are not in the order of the columns: a hyphen is before a slash.
  const principals = found.map(({ org_id: orgId, workflow_id: id }) => principalOf({ kind: 'workflow', orgId, id }));
  return principals
    .filter((principal) => principal > after)
    .sort()
    .slice(0, limit);
}
