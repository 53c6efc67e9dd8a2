import { z } from 'zod';
import { workflowsOf } from '#projections/workflows/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, ofOrg, onOrg, page, query, slugKey } from './query-row.js';

export const workflowQueries = {
  Workflows: query({
    path: '/v1/orgs/{orgId}/workflows',
    summary: 'The workflows of an organization with the environment that each is linked to, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('org:view', params)],
    answer: z.object({
      workflows: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          environmentId: z.string(),
          ownerId: z.string(),
          registeredAt: z.string(),
        }),
      ),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['Workflows', orgId];
      const after = keyFrom(cursor, scope, slugKey);
      const rows = await workflowsOf(services.reads, orgId, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.workflow_id);
      const workflows = items.map((row) => ({
        id: row.workflow_id,
        name: row.name,
        environmentId: row.environment_id,
        ownerId: row.owner_id,
        registeredAt: row.registered_at,
      }));
      return { workflows, ...rest };
    },
  }),
} as const;
