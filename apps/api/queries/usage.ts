import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import { principalId, slug } from '#libs/domain/text.js';
import { parkedAmong } from '#libs/readstore/parked-streams.js';
import { blockedRequestsOf, totalsOf, type UsageDimension, usageBy } from '#projections/usage/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { type Asking, next, nothing, ofOrg, onOrg, page, query, stale } from './query-row.js';
import { amounts, amountsOf, blockedRequest, byKey, shownRequest, span, spanOf } from './usage-shapes.js';

const dimensions = {
  day: 'day',
  user: 'user_id',
  environment: 'environment_id',
  model: 'model',
} as const satisfies Record<string, UsageDimension>;
const by = z.enum(Object.keys(dimensions) as [keyof typeof dimensions, ...(keyof typeof dimensions)[]]);

const restsOn = ({ orgId }: { orgId: string }) => [streamOf('usage', orgId)];
const keyOfUsage = z.string().max(200);
const revision = z.string().regex(/^\d{1,18}$/);
/** What is one's own is told of one organization at a time (R16). */
const inOrg = z.strictObject({ org: slug });

const usage = z.object({
  from: z.string(),
  to: z.string(),
  total: amounts,
  /** A day, a person, an environment or a model, and what was used on it or by it; days without any are absent. */
  usage: z.array(amounts.extend({ key: z.string().meta({ description: 'Empty where none was told' }) })),
  next,
});
const blocked = z.object({ requests: z.array(blockedRequest), next });

export const usageQueries = {
  Usage: query({
    path: '/v1/orgs/{orgId}/usage',
    summary: 'What an organization has used: in all, and by day, person, environment or model',
    params: ofOrg,
    filter: page.extend(span.shape).extend({ by: by.default('day') }),
    needs: (params) => [onOrg('usage:read', params)],
    restsOn,
    answer: usage,
    ask: async ({ orgId }, { limit, cursor, by: named, ...asked }, { services }) => {
      const days = spanOf(asked, services.clock.now());
      const scope = ['Usage', orgId, named, days];
      const after = keyFrom(cursor, scope, keyOfUsage);
      const total = amountsOf(await totalsOf(services.reads, orgId, days));
      const rows = await usageBy(services.reads, orgId, dimensions[named], days, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(byKey(rows), limit, scope, ({ key }) => key);
      const shown = items.map(({ key, rows: each }) => ({ key, ...amountsOf(each) }));
      return { from: days.from, to: days.to, total, usage: shown, ...rest };
    },
  }),

  BlockedRequests: query({
    path: '/v1/orgs/{orgId}/blocked-requests',
    summary: 'Requests of an organization that were not let through, the youngest first',
    params: ofOrg,
    filter: page.extend({ user: principalId.optional() }),
    needs: (params) => [onOrg('usage:read', params)],
    restsOn,
    answer: blocked,
    ask: async ({ orgId }, { limit, cursor, user }, { services }) => {
      const scope = ['BlockedRequests', orgId, user];
      const before = keyFrom(cursor, scope, revision);
      const rows = await blockedRequestsOf(services.reads, orgId, { userId: user, before, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.revision);
      return { requests: items.map(shownRequest), ...rest };
    },
  }),

  /** Of others nothing is in it, and of an organization that is not there as little as of one without own usage. */
  OwnUsage: query({
    path: '/v1/me/usage',
    summary: 'What the caller has used in one organization, in all and by day',
    params: nothing,
    filter: page.extend(span.shape).extend(inOrg.shape),
    example: { org: 'acme' },
    needs: (_, ownerId) => [{ permission: 'own-usage:read', resource: { kind: 'account', ownerId } }],
    answer: usage,
    ask: async (_, { limit, cursor, org, ...asked }, asking) => {
      const { services, caller } = asking;
      const seen = await seenBy(asking, org);
      if (seen === stale) return stale;
      const days = { ...spanOf(asked, services.clock.now()), userId: caller.id };
      const scope = ['OwnUsage', caller.id, org, days];
      const after = keyFrom(cursor, scope, keyOfUsage);
      const total = amountsOf(seen ? await totalsOf(services.reads, org, days) : []);
      const rows = seen ? await usageBy(services.reads, org, 'day', days, { after, limit: limit + 1 }) : [];
      const { items, ...rest } = pageOf(byKey(rows), limit, scope, ({ key }) => key);
      const shown = items.map(({ key, rows: each }) => ({ key, ...amountsOf(each) }));
      return { from: days.from, to: days.to, total, usage: shown, ...rest };
    },
  }),

  OwnBlockedRequests: query({
    path: '/v1/me/blocked-requests',
    summary: "The caller's own requests in one organization that were not let through, the youngest first",
    params: nothing,
    filter: page.extend(inOrg.shape),
    example: { org: 'acme' },
    needs: (_, ownerId) => [{ permission: 'own-blocked-request:read', resource: { kind: 'account', ownerId } }],
    answer: blocked,
    ask: async (_, { limit, cursor, org }, asking) => {
      const { services, caller } = asking;
      const seen = await seenBy(asking, org);
      if (seen === stale) return stale;
      const scope = ['OwnBlockedRequests', caller.id, org];
      const before = keyFrom(cursor, scope, revision);
      const own = { userId: caller.id, before, limit: limit + 1 };
      const rows = seen ? await blockedRequestsOf(services.reads, org, own) : [];
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.revision);
      return { requests: items.map(shownRequest), ...rest };
    },
  }),
} as const;

/** Whether the caller may know of the organization: of others, own usage looks like that of one that is not there. */
async function seenBy({ services, caller, after }: Asking, orgId: string): Promise<boolean | typeof stale> {
  for (const permission of ['org:view', 'org:resolve'] as const) {
    const access = await services.reading.access(caller, permission, { kind: 'org', orgId }, after);
    if (access.kind === 'stale' || access.kind === 'parked') return stale;
    if (access.kind !== 'allowed') continue;
    return (await parkedAmong(services.reads, restsOn({ orgId }))).size > 0 ? stale : true;
  }
  return false;
}
