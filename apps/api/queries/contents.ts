import { z } from 'zod';
import type { EnvironmentDocument } from '#libs/domain/access/documents.js';
import { contentOf } from '#libs/domain/org/contents.js';
import { documentsOf } from '#projections/access-documents/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, ofEnvironment, onEnvironment, page, query } from './query-row.js';

const contentName = z.string().regex(/^(product|project)\/[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);

export const contentQueries = {
  Contents: query({
    path: '/v1/orgs/{orgId}/environments/{environmentId}/contents',
    summary: 'The products and projects that are assigned to an environment, by kind and id',
    params: ofEnvironment,
    filter: page,
    needs: (params) => [onEnvironment('environment-content:view', params)],
    answer: z.object({
      contents: z.array(z.object({ kind: z.string(), id: z.string(), assignedAt: z.string() })),
      next,
    }),
    ask: async ({ orgId, environmentId }, { limit, cursor }, { services }) => {
      const scope = ['Contents', orgId, environmentId];
      const after = keyFrom(cursor, scope, contentName) ?? '';
      const found = (await documentsOf(services.reads, orgId, 'environment', [environmentId])).get(environmentId);
      // The access documents' own projection wrote it, from the domain's type.
      const { contents = {} } = (found ?? {}) as Partial<EnvironmentDocument>;
      const rows = Object.entries(contents)
        .filter(([key]) => key > after)
        .sort(([one], [other]) => (one < other ? -1 : 1));
      const { items, ...rest } = pageOf(rows.slice(0, limit + 1), limit, scope, ([key]) => key);
      return { contents: items.map(([key, each]) => ({ ...contentOf(key), ...each })), ...rest };
    },
  }),
} as const;
