import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { RealmSettings } from '#libs/domain/realm/state.js';
import type { Database } from '#libs/readstore/database.js';
import { documentsIn } from '#projections/access-documents/queries.js';
import { listed } from './listed.js';
import { nothing, query } from './query-row.js';

const models = z.array(z.object({ id: z.string(), provider: z.string(), name: z.string() }));

/** The platform's own models, by id. */
async function platformModels(reads: Database, realm: string): Promise<z.input<typeof models>> {
  const found = await documentsIn(reads, streamOf('realm', realm), 'settings', ['']);
  // The access documents' own projection wrote it, from the domain's type.
  return listed((found.get('') as RealmSettings | undefined)?.models);
}

export const platformModelQueries = {
  RealmModels: query({
    path: '/v1/realm/models',
    summary: "The platform's own models, which personal environments show",
    params: nothing,
    filter: nothing,
    needs: () => [{ permission: 'platform-model:manage', resource: { kind: 'realm' } }],
    answer: z.object({ models }),
    ask: async (_, __, { caller, services }) => ({ models: await platformModels(services.reads, caller.realm) }),
  }),

  PersonalEnvironment: query({
    path: '/v1/me/environment',
    summary: "The caller's personal environment: the platform's models, for personal use",
    params: nothing,
    filter: nothing,
    needs: (_, callerId) => [
      { permission: 'environment:see', resource: { kind: 'personal_environment', ownerId: callerId } },
    ],
    answer: z.object({ id: z.string(), models }),
    ask: async (_, __, { caller, services }) => ({
      id: `personal/${caller.id}`,
      models: await platformModels(services.reads, caller.realm),
    }),
  }),
} as const;
