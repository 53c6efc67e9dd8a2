import { z } from 'zod';
import { actions } from '#libs/domain/schemes/actions.js';
import { peopleNamed } from '#projections/people/queries.js';
import { own } from './organizations.js';
import { MAX_LIMIT, nothing, query, stale } from './query-row.js';

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
      const access = await services.checks.access(caller, 'environment:see', personal, after);
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
