import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { OrgDocument } from '#libs/domain/access/documents.js';
import { documentsOf } from '#projections/access-documents/queries.js';
import { erasuresOf } from '#projections/erasures/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { type Asking, next, nothing, ofOrg, onOrg, page, query, userKey } from './query-row.js';

const answer = z.object({
  erasures: z.array(
    z.object({
      userId: z.string(),
      status: z.enum(['requested', 'erased', 'verified']).meta({
        description:
          '`requested`: it has not begun, or something stands against it; `erased`: the keys are destroyed; ' +
          '`verified`: it was looked for everywhere, and nothing is left',
      }),
      requestedBy: z.string(),
      requestedAt: z.string(),
      erasedAt: z.string().optional(),
      verifiedAt: z.string().optional(),
    }),
  ),
  next,
});

async function erasuresIn(
  { services }: Asking,
  stream: string,
  { limit, cursor }: z.output<typeof page>,
): Promise<z.input<typeof answer>> {
  const scope = ['Erasures', stream];
  const after = keyFrom(cursor, scope, userKey);
  const rows = await erasuresOf(services.reads, stream, { after, limit: limit + 1 });
  const { items, ...rest } = pageOf(rows, limit, scope, ({ userId }) => userId);
  const erasures = items.map(({ erasedAt, verifiedAt, ...request }) => ({
    ...request,
    status:
      erasedAt === null ? ('requested' as const) : verifiedAt === null ? ('erased' as const) : ('verified' as const),
    ...(erasedAt === null ? {} : { erasedAt }),
    ...(verifiedAt === null ? {} : { verifiedAt }),
  }));
  return { erasures, ...rest };
}

export const erasureQueries = {
  Erasures: query({
    path: '/v1/orgs/{orgId}/erasures',
    summary: 'Members whom the organization has asked to be erased, and how far that came, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('subject:erase', params)],
    answer,
    ask: ({ orgId }, filter, asking) => erasuresIn(asking, streamOf('org', orgId), filter),
  }),

  RealmErasures: query({
    path: '/v1/realm/erasures',
    summary: 'People whom the platform has asked to be erased, and how far that came, by id',
    params: nothing,
    filter: page,
    needs: () => [{ permission: 'platform-subject:erase', resource: { kind: 'realm' } }],
    answer,
    ask: (_, filter, asking) => erasuresIn(asking, streamOf('realm', asking.caller.realm), filter),
  }),

  LegalHolds: query({
    path: '/v1/orgs/{orgId}/legal-holds',
    summary: 'What keeps people of the organization from being erased',
    params: ofOrg,
    filter: nothing,
    needs: (params) => [onOrg('legal-hold:place', params)],
    answer: z.object({
      legalHolds: z.array(
        z.object({
          id: z.string(),
          /** Absent where it is over everybody whom the organization knows. */
          userId: z.string().optional(),
          matter: z.string(),
          placedBy: z.string(),
        }),
      ),
    }),
    ask: async ({ orgId }, _, { services }) => {
      // The access documents' own projection wrote it, from the domain's type.
      const org = (await documentsOf(services.reads, orgId, 'org', [''])).get('') as OrgDocument | undefined;
      return { legalHolds: Object.entries(org?.legalHolds ?? {}).map(([id, hold]) => ({ id, ...hold })) };
    },
  }),
} as const;
