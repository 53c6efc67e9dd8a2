import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { RealmSettings } from '#libs/domain/realm/state.js';
import { documentsIn, realmDocuments } from '#projections/access-documents/queries.js';
import { nothing, query } from './query-row.js';

export const realmQueries = {
  Realms: query({
    path: '/v1/realms',
    summary: "The realms of the deployment, by id, for who asks in its first realm; the caller's own one elsewhere",
    params: nothing,
    filter: nothing,
    needs: () => [{ permission: 'realm:create', resource: { kind: 'realm' } }],
    answer: z.object({
      realms: z.array(z.object({ id: z.string(), scheme: z.object({ id: z.string(), version: z.int() }) })),
    }),
    ask: async (_, __, { caller, services: { reads, hosted } }) => {
      const known = caller.realm === hosted.home ? hosted.ids : [caller.realm];
      const settings = (await documentsIn(reads, streamOf('realm', caller.realm), 'settings', [''])).get('');
      const created = Object.keys((settings as RealmSettings | undefined)?.hosted?.realms ?? {});
      const realms = await realmDocuments(reads, [...new Set([...known, ...created])].sort());
      return { realms: realms.map(({ id, scheme }) => ({ id, scheme: { id: scheme.id, version: scheme.version } })) };
    },
  }),
} as const;
