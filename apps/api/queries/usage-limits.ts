import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import { type OrgDocument, own } from '#libs/domain/access/documents.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { principalId, slug } from '#libs/domain/text.js';
import { bearsOn, type Cap, capsOf, isReached, usedOf } from '#libs/domain/usage/caps.js';
import { dayOf } from '#libs/domain/usage/meters.js';
import { environmentsOfKind } from '#projections/environments/queries.js';
import { pendingInvitations } from '#projections/invitations/queries.js';
import { organizationIn, settingsIn } from './stored-settings.js';
import { type Asking, ofOrg, onOrg, query } from './query-row.js';

const limit = z.object({
  limited: z.string().meta({ description: 'budget, runsPerMonth, creditsPerMonth, members, workspaces …' }),
  limit: z.int().nullable().meta({ description: 'null: any number; of a budget in minor units' }),
  usage: z.int(),
  /** What it counts over: a day, a month, or `total`; absent for what is there at the moment. */
  period: z.string().optional(),
  /** Of a budget. */
  currency: z.string().optional(),
  /** What the budget is of, where not of the organization. */
  environmentId: z.string().optional(),
  userId: z.string().optional(),
});

export const usageLimitQueries = {
  UsageLimits: query({
    path: '/v1/orgs/{orgId}/usage/limits',
    summary:
      'Every limit of the plan and every budget with what is used of it, and whether more may be used; of one person ' +
      'and environment where these are named. Counts everything that was recorded before it was asked',
    params: ofOrg,
    filter: z.strictObject({ user: principalId.optional(), environment: slug.optional() }),
    needs: (params) => [onOrg('usage:read', params), onOrg('usage:record', params), onOrg('budget:manage', params)],
    restsOn: ({ orgId }) => [streamOf('usage', orgId)],
    answer: z.object({
      spendable: z.boolean().meta({ description: 'No cap that bears on it is reached: the tightest one wins' }),
      limits: z.array(limit),
    }),
    ask: async ({ orgId }, { user: userId, environment: environmentId }, { services }) => {
      const { reads, clock } = services;
      const [found, settings] = await Promise.all([organizationIn(reads, orgId), settingsIn(reads, orgId)]);
      if (found === undefined) return undefined;
      const { org, scheme } = found;
      const capped = { plan: org.plan, budgets: settings?.budgets ?? {}, scheme };
      const caps = capsOf(capped, dayOf(clock.now()));
      const named = userId !== undefined || environmentId !== undefined;
      const bearing = named ? caps.filter((cap) => bearsOn(cap, { userId, environmentId })) : caps;
      const meters = bearing.map(({ meter }) => meter);
      const { values } = await services.usage.now(orgId, meters);
      const spendable = !bearing.some((cap) => bearsOn(cap, { userId, environmentId }) && isReached(cap, values));
      const present = named ? [] : await presentOf(services, org, scheme);
      return { spendable, limits: [...present, ...bearing.map((cap) => shown(cap, values))] };
    },
  }),
} as const;

function shown(cap: Cap, values: ReadonlyMap<string, number>): z.input<typeof limit> {
  const { limited, limit: most, meter, currency, environmentId, userId } = cap;
  return {
    limited,
    limit: most,
    usage: usedOf(cap, values),
    period: meter.period,
    ...(currency === undefined ? {} : { currency }),
    ...(environmentId === undefined ? {} : { environmentId }),
    ...(userId === undefined ? {} : { userId }),
  };
}

/** What the plan limits and what is there at the moment (C21): members with those invited where they count, and environments. */
async function presentOf(
  { reads, clock }: Asking['services'],
  org: OrgDocument,
  { document }: CompiledScheme,
): Promise<z.input<typeof limit>[]> {
  const limits = org.plan === undefined ? {} : (own(document.plans, org.plan) ?? {});
  const invited = document.invitations?.countPending === true;
  const at = new Date(clock.now()).toISOString();
  const members = Object.values(org.holders).reduce((sum, count) => sum + count, 0);
  const pending = invited ? await pendingInvitations(reads, org.id, at) : 0;
  const counts = [{ limited: 'members', usage: members + pending }];
  for (const kind of document.children)
    counts.push({ limited: `${kind}s`, usage: await environmentsOfKind(reads, org.id, kind) });
  return counts.map(({ limited, usage }) => ({ limited, limit: own(limits, limited) ?? null, usage }));
}
