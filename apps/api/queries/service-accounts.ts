import { z } from 'zod';
import type { IssuedKey } from '#libs/domain/access/documents.js';
import { serviceAccountsOf } from '#projections/access-documents/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, ofOrg, onOrg, page, query, slugKey } from './query-row.js';

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

export const serviceAccountQueries = {
  ServiceAccounts: query({
    path: '/v1/orgs/{orgId}/service-accounts',
    summary: 'The service accounts of an organization with their keys, never the text of one, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('service-account:manage', params), onOrg('audit:read', params)],
    answer: z.object({
      serviceAccounts: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          role: z.string(),
          createdAt: z.string(),
          keys: z.array(keyShape),
        }),
      ),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['ServiceAccounts', orgId];
      const after = keyFrom(cursor, scope, slugKey);
      const found = await serviceAccountsOf(services.reads, orgId, false, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(found, limit, scope, ({ id }) => id);
      const serviceAccounts = items.map(({ id, name, role, createdAt, keys }) => ({
        id,
        name,
        role,
        createdAt,
        keys: shownKeys(keys),
      }));
      return { serviceAccounts, ...rest };
    },
  }),
} as const;
