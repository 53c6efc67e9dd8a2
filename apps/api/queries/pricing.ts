import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { RealmSettings } from '#libs/domain/realm/state.js';
import { documentsIn } from '#projections/access-documents/queries.js';
import { nothing, query } from './query-row.js';

export const pricingQueries = {
  RealmPricing: query({
    path: '/v1/realm/pricing',
    summary: 'The platform-wide prices, as they were set last',
    params: nothing,
    filter: nothing,
    needs: () => [{ permission: 'pricing:set', resource: { kind: 'realm' } }],
    answer: z.object({ version: z.int(), document: z.unknown() }),
    ask: async (_, __, { caller, services }) => {
      const found = await documentsIn(services.reads, streamOf('realm', caller.realm), 'settings', ['']);
      const pricing = (found.get('') as RealmSettings | undefined)?.pricing;
      return pricing && { version: pricing.version, document: JSON.parse(pricing.document) as unknown };
    },
  }),
} as const;
