import { z } from 'zod';
import { nothing, ofOrg, onOrg, query } from './query-row.js';
import { settingsIn } from './stored-settings.js';

export const providerKeyQueries = {
  ProviderKeys: query({
    path: '/v1/orgs/{orgId}/provider-keys',
    summary: 'The keys of AI providers that an organization holds, by id; never the credentials themselves',
    params: ofOrg,
    filter: nothing,
    needs: (params) => [onOrg('provider-key:manage', params)],
    answer: z.object({
      providerKeys: z.array(
        z.object({
          id: z.string(),
          provider: z.string(),
          name: z.string(),
          /** The same for the same credential, in this organization; tells nothing else of it. */
          fingerprint: z.string(),
          /** The last four characters of each field, where it is long enough; empty otherwise. */
          lastFour: z.record(z.string(), z.string()),
        }),
      ),
    }),
    ask: async ({ orgId }, _, { services }) => {
      const found = await settingsIn(services.reads, orgId);
      const keys = Object.entries(found?.providerKeys ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
      return {
        providerKeys: keys.map(
          ([
            id,
            {
              provider,
              name,
              credential: { fingerprint, lastFour },
            },
          ]) => ({
            id,
            provider,
            name,
            fingerprint,
            lastFour,
          }),
        ),
      };
    },
  }),
} as const;
