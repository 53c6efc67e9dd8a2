import { z } from 'zod';
import type { MemberDocument } from '#libs/domain/access/documents.js';
import { documentsOf } from '#projections/access-documents/queries.js';
import { nothing, ofOrg, onOrg, query } from './query-row.js';
import { keyShape, shownKeys } from './service-accounts.js';

export const apiKeyQueries = {
  OwnApiKeys: query({
    path: '/v1/orgs/{orgId}/api-keys',
    summary: "The caller's own keys to an organization, never the text of one",
    params: ofOrg,
    filter: nothing,
    needs: (params) => [onOrg('org:view', params)],
    answer: z.object({ apiKeys: z.array(keyShape) }),
    ask: async ({ orgId }, _, { caller, services }) => {
      // The access documents' own projection wrote it, from the domain's type.
      const member = (await documentsOf(services.reads, orgId, 'member', [caller.id])).get(caller.id) as
        | MemberDocument
        | undefined;
      return { apiKeys: shownKeys(member?.apiKeys ?? {}) };
    },
  }),
} as const;
