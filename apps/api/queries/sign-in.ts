import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { RealmSettings } from '#libs/domain/realm/state.js';
import { realmIssuer } from '#libs/domain/realm/issuers.js';
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
      { permission: 'identity-provider:set', resource },
    ],
    answer: z.object({
      loginMethods: z.array(z.string()),
      signUp: z.object({ rule: z.string(), domains: z.array(z.string()) }),
      /** Beside those of the configuration. */
      issuers: z.array(realmIssuer),
    }),
    ask: async (_, __, { caller, services }) => {
      const found = await documentsIn(services.reads, streamOf('realm', caller.realm), 'settings', ['']);
      const settings = (found.get('') as RealmSettings | undefined) ?? {};
      const { loginMethods = [], signUp = { rule: 'open', domains: [] }, issuers = [] } = settings;
      return { loginMethods: [...loginMethods], signUp, issuers: [...issuers] };
    },
  }),
} as const;

/** What anybody may know of a realm who is about to sign in. */
export const loginPage = z.object({
  realm: z.string(),
  loginMethods: z.array(z.string()),
  signUp: z.string(),
  issuers: z.array(z.string()),
});
