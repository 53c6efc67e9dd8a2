import { z } from 'zod';
import {
  auditedStreams,
  type AuditFilter,
  auditLogOf,
  auditLogOfRealm,
  type Place,
} from '#projections/audit-log/queries.js';
import { auditEntry, auditFilter, categoryFilter, shownEntries } from './audit-entries.js';
import { exportFormats } from './audit-formats.js';
import { keyFrom, pageOf } from './cursor.js';
import { type Asking, next, nothing, ofOrg, onOrg, page, query } from './query-row.js';

const placeKey = z.string().regex(/^\d{1,18}\/\d{1,18}$/);

const placeOf = (key: string | undefined): Place | undefined => {
  const [commit, prepare] = key?.split('/') ?? [];
  return commit === undefined || prepare === undefined ? undefined : { commit, prepare };
};

export const auditedPage = page.extend({
  ...auditFilter,
  ...categoryFilter,
  format: z
    .enum(exportFormats)
    .optional()
    .meta({ description: 'Of an export, oldest first and whole, where Accept does not say it: takes `audit:export`' }),
});

const answer = z.object({ entries: z.array(auditEntry), next });

const activityPage = page.extend(auditFilter);
type Filter = z.output<typeof activityPage> & Pick<AuditFilter, 'category'>;
type Rows = ReturnType<typeof auditLogOf>;

/** One page, which is recorded before it is given away. `scope` tells the tenant; a cursor is bound to it and to the filter. */
async function pageFor(
  { caller, correlation, services }: Asking,
  scope: { readonly name: string; readonly orgId: string | undefined },
  { limit, cursor, ...filter }: Filter,
  read: (window: { before: Place | undefined; limit: number }) => Rows,
): Promise<z.input<typeof answer>> {
  const asked = Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1));
  // Places are those of one log: a cursor of another would lead anywhere.
  const bound = [scope.name, scope.orgId ?? caller.realm, services.storeId, asked];
  const rows = await read({ before: placeOf(keyFrom(cursor, bound, placeKey)), limit: limit + 1 });
  const { items, ...rest } = pageOf(rows, limit, bound, (row) => `${row.commit}/${row.prepare}`);
  await services.recordedReads.auditRead({ caller, orgId: scope.orgId, correlation }, filter, items.length > 0);
  return { entries: await shownEntries(items, services.personalData), ...rest };
}

export const auditQueries = {
  Audit: query({
    path: '/v1/orgs/{orgId}/audit',
    summary:
      'The audit trail of an organization, newest first, refusals, reads of itself and usage included; or an export of it',
    params: ofOrg,
    filter: auditedPage,
    needs: (params) => [onOrg('audit:read', params)],
    restsOn: ({ orgId }, filter) => auditedStreams(orgId, filter),
    answer,
    exports: ['application/x-ndjson', 'text/csv'],
    ask: ({ orgId }, filter, asking) =>
      pageFor(asking, { name: 'Audit', orgId }, filter, (window) =>
        auditLogOf(asking.services.reads, orgId, filter, window),
      ),
  }),

  RealmActivity: query({
    path: '/v1/realm/activity',
    summary: 'What was done and refused in the realm and belongs to no organization, newest first',
    params: nothing,
    filter: activityPage,
    needs: () => [
      { permission: 'realm-activity:read', resource: { kind: 'realm' } },
      // Of schemes that a platform has defined without the other.
      { permission: 'audit:read', resource: { kind: 'realm' } },
    ],
    answer,
    ask: (_, filter, asking) =>
      pageFor(asking, { name: 'RealmActivity', orgId: undefined }, filter, (window) =>
        auditLogOfRealm(asking.services.reads, asking.caller.realm, filter, window),
      ),
  }),
} as const;
