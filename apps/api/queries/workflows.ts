import { z } from 'zod';
import { type Workflow, workflowsOf } from '#projections/workflows/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { type Asking, next, ofOrg, onOrg, page, query, slugKey, stale } from './query-row.js';

export const workflowQueries = {
  Workflows: query({
    path: '/v1/orgs/{orgId}/workflows',
    summary: "The workflows of an organization, by id; of those in personal environments the caller's own",
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('org:view', params)],
    answer: z.object({
      workflows: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          environmentId: z
            .string()
            .optional()
            .meta({ description: 'That it is linked to; absent where the caller does not see that environment' }),
          personal: z.literal(true).optional().meta({ description: "In the caller's personal environment" }),
          ownerId: z.string(),
          registeredAt: z.string(),
        }),
      ),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor }, asking) => {
      const { caller, services } = asking;
      const scope = ['Workflows', orgId];
      const after = keyFrom(cursor, scope, slugKey);
      const rows = await workflowsOf(services.reads, orgId, caller.id, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.workflow_id);
      const seen = await seenAmong(orgId, new Set(items.flatMap((row) => row.environment_id ?? [])), asking);
      if (seen === stale) return stale;
      const workflows = items.map((row) => ({
        id: row.workflow_id,
        name: row.name,
        ...placeOf(row, seen),
        ownerId: row.owner_id,
        registeredAt: row.registered_at,
      }));
      return { workflows, ...rest };
    },
  }),
} as const;

function placeOf({ environment_id: id }: Workflow, seen: ReadonlySet<string>) {
  if (id === null) return { personal: true } as const;
  return seen.has(id) ? { environmentId: id } : {};
}

/** Those of the environments that the caller may see. */
async function seenAmong(
  orgId: string,
  environments: ReadonlySet<string>,
  { caller, after, services }: Asking,
): Promise<ReadonlySet<string> | typeof stale> {
  const seen = new Set<string>();
  for (const environmentId of environments) {
    const resource = { kind: 'environment', orgId, environmentId } as const;
    const { kind } = await services.reading.access(caller, 'environment:see', resource, after);
    if (kind === 'stale' || kind === 'parked') return stale;
    if (kind === 'allowed') seen.add(environmentId);
  }
  return seen;
}
