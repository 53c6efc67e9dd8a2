import { z } from 'zod';
import { actions } from '#libs/domain/schemes/actions.js';
import type { UserDocument } from '#libs/domain/access/documents.js';
import { streamOf } from '#libs/application/streams.js';
import { documentsIn } from '#projections/access-documents/queries.js';
import { peopleNamed } from '#projections/people/queries.js';
import { own } from './organizations.js';
import { MAX_LIMIT, nothing, query, stale } from './query-row.js';
import { keyShape, shownKeys } from './service-accounts.js';

export const selfQueries = {
  Me: query({
    path: '/v1/me',
    summary: 'Who the caller is',
    params: nothing,
    filter: nothing,
    needs: () => [],
    answer: z.object({
      id: z.string(),
      email: z.string().nullable(),
      name: z.string().nullable(),
      organizations: z.array(
        z.object({ id: z.string(), name: z.string(), role: z.string().optional(), parked: z.literal(true).optional() }),
      ),
      /** The id to ask about the caller's own environment by; null where the scheme has none. */
      personalEnvironment: z.object({ id: z.string() }).nullable(),
    }),
    ask: async (_, __, asking) => {
      const { caller, after, services } = asking;
      const personal = { kind: 'personal_environment', ownerId: caller.id } as const;
      const access = await services.reading.access(caller, 'environment:see', personal, after);
      if (access.kind === 'stale') return stale;
      const [person] = await peopleNamed(services.reads, [caller.id]);
      const organizations = await own(asking, { after: undefined, limit: MAX_LIMIT });
      return {
        id: caller.id,
        email: person?.email ?? null,
        name: person?.name ?? null,
        organizations: organizations.map(({ id, name, role, parked }) => ({ id, name, role, parked })),
        personalEnvironment: access.kind === 'allowed' ? { id: `personal/${caller.id}` } : null,
      };
    },
  }),

  PersonalApiKeys: query({
    path: '/v1/me/api-keys',
    summary: "The caller's own keys to every organization that they belong to, never the text of one",
    params: nothing,
    filter: nothing,
    needs: () => [],
    answer: z.object({ apiKeys: z.array(keyShape) }),
    ask: async (_, __, { caller, services }) => {
      const found = await documentsIn(services.reads, streamOf('user', caller.id), 'user', ['']);
      // The access documents' own projection wrote it, from the domain's type.
      const { apiKeys = {} } = (found.get('') as UserDocument | undefined) ?? {};
      const ofRealm = Object.entries(apiKeys).filter(([, { realm }]) => realm === caller.realm);
      return { apiKeys: shownKeys(Object.fromEntries(ofRealm)) };
    },
  }),

  Actions: query({
    path: '/v1/actions',
    summary: 'Every permission that can be asked for: the AuthZEN action names',
    params: nothing,
    filter: nothing,
    needs: () => [],
    answer: z.object({ actions: z.array(z.object({ name: z.string(), scope: z.string(), does: z.string() })) }),
    ask: async () => ({ actions: Object.entries(actions).map(([name, { scope, does }]) => ({ name, scope, does })) }),
  }),
} as const;
