import { z } from 'zod';
import { serviceAccountsOf } from '#projections/access-documents/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, ofOrg, onOrg, page, query, slugKey } from './query-row.js';
import { keyShape, shownKeys } from './service-accounts.js';

export const orgApiKeyQueries = {
  OrgApiKeys: query({
    path: '/v1/orgs/{orgId}/org-api-keys',
    summary: "The organization's own API keys, never the text of one, by id",
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('org-api-key:manage', params), onOrg('audit:read', params)],
    answer: z.object({
      orgApiKeys: z.array(keyShape.omit({ rotatedAt: true }).extend({ name: z.string(), role: z.string() })),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['OrgApiKeys', orgId];
      const after = keyFrom(cursor, scope, slugKey);
      const found = await serviceAccountsOf(services.reads, orgId, true, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(found, limit, scope, ({ id }) => id);
      const orgApiKeys = items.flatMap(({ name, role, keys }) =>
        shownKeys(keys).map(({ id, lastFour, issuedAt, notAfter }) => ({
          id,
          name,
          role,
          lastFour,
          issuedAt,
          notAfter,
        })),
      );
      return { orgApiKeys, ...rest };
    },
  }),
} as const;
