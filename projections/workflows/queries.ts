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
