import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { IssuedKey, RealmDocument, ServiceAccountDocument } from '#libs/domain/access/documents.js';
import { documentsIn, serviceAccountsOf } from '#projections/access-documents/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, nothing, ofOrg, onOrg, page, query, slugKey } from './query-row.js';

export const keyShape = z.object({
  id: z.string(),
  lastFour: z.string().meta({ description: "The last four characters of the key's text" }),
  issuedAt: z.string(),
  notAfter: z.string().nullable().meta({ description: 'From then on it is not accepted; null: no end was set' }),
  rotatedAt: z.string().nullable().meta({ description: 'When another key took its place' }),
});

export const shownKeys = (keys: Readonly<Record<string, IssuedKey>>): z.input<typeof keyShape>[] =>
  Object.entries(keys).map(([id, { lastFour, issuedAt, notAfter, rotatedAt }]) => ({
    id,
    lastFour,
    issuedAt,
    notAfter: notAfter ?? null,
    rotatedAt: rotatedAt ?? null,
  }));

const accountShape = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  createdAt: z.string(),
  keys: z.array(keyShape),
});

const shown = ({ id, name, role, createdAt, keys }: ServiceAccountDocument): z.input<typeof accountShape> => ({
  id,
  name,
  role,
  createdAt,
  keys: shownKeys(keys),
});

const byId = (a: ServiceAccountDocument, b: ServiceAccountDocument): number => (a.id < b.id ? -1 : 1);

export const serviceAccountQueries = {
  ServiceAccounts: query({
    path: '/v1/orgs/{orgId}/service-accounts',
    summary: 'The service accounts of an organization with their keys, never the text of one, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('service-account:manage', params), onOrg('audit:read', params)],
    answer: z.object({
      serviceAccounts: z.array(accountShape),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['ServiceAccounts', orgId];
      const after = keyFrom(cursor, scope, slugKey);
      const found = await serviceAccountsOf(services.reads, orgId, false, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(found, limit, scope, ({ id }) => id);
      return { serviceAccounts: items.map(shown), ...rest };
    },
  }),

  RealmServiceAccounts: query({
    path: '/v1/realm/service-accounts',
    summary: "The platform's own service accounts with their keys, never the text of one, by id",
    params: nothing,
    filter: nothing,
    needs: () => [{ permission: 'platform-service-account:manage', resource: { kind: 'realm' } }],
    answer: z.object({ serviceAccounts: z.array(accountShape) }),
    ask: async (_, __, { caller, services }) => {
      const found = await documentsIn(services.reads, streamOf('realm', caller.realm), 'realm', ['']);
      // The access documents' own projection wrote it, from the domain's type.
      const accounts = Object.values((found.get('') as RealmDocument | undefined)?.services ?? {});
      return {
        serviceAccounts: accounts
          .filter(({ status }) => status === 'active')
          .sort(byId)
          .map(shown),
      };
    },
  }),
} as const;
