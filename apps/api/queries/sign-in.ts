import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { RealmSettings } from '#libs/domain/realm/events.js';
import { documentsIn } from '#projections/access-documents/queries.js';
import { nothing, query } from './query-row.js';

const resource = { kind: 'realm' } as const;

export const signInQueries = {
  RealmSignIn: query({
    path: '/v1/realm/sign-in',
    summary: 'How people come into the realm, and who may come for the first time, as it was set last',
    params: nothing,
    filter: nothing,
    needs: () => [
      { permission: 'login-method:set', resource },
      { permission: 'sign-up:set', resource },
    ],
    answer: z.object({
      loginMethods: z.array(z.string()),
      signUp: z.object({ rule: z.string(), domains: z.array(z.string()) }),
    }),
    ask: async (_, __, { caller, services }) => {
      const found = await documentsIn(services.reads, streamOf('realm', caller.realm), 'settings', ['']);
      const { loginMethods = [], signUp = { rule: 'open', domains: [] } } = (found.get('') as RealmSettings) ?? {};
      return { loginMethods: [...loginMethods], signUp };
    },
  }),
} as const;
