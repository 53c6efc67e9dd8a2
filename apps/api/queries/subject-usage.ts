import { z } from 'zod';
import { parseStream } from '#libs/application/streams.js';
import { organizationsNamed } from '#projections/organizations/queries.js';
import { blockedRequestsUnder, usageUnder } from '#projections/usage/queries.js';
import type { ApiServices } from '../services.js';
import { amounts, amountsOf, blockedRequest, shownRequest } from './usage-shapes.js';

const used = amounts.omit({ byokRequests: true }).extend({
  orgId: z.string(),
  day: z.string(),
  environmentId: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  paidBy: z.string().meta({ description: '`platform`, or `organization` for what went under its own key' }),
});

export const subjectUsage = {
  usage: z.array(used).meta({ description: 'What was used under the id of the person, by day' }),
  blockedRequests: z
    .array(blockedRequest.omit({ userId: true }).extend({ orgId: z.string() }))
    .meta({ description: 'Requests under that id which were not let through' }),
};

/** What was used under a person's id, and was blocked, in one organization or in all of the realm's. */
export async function usageIn(
  { reads }: Pick<ApiServices, 'reads'>,
  { realm, userId, within }: { realm: string; userId: string; within: string | undefined },
): Promise<{ usage: z.input<typeof used>[]; blockedRequests: z.input<typeof subjectUsage.blockedRequests> }> {
  const [rows, blocked] = [await usageUnder(reads, userId), await blockedRequestsUnder(reads, userId)];
  const named = new Set([...rows, ...blocked].map(orgOf));
  const realms = new Set((await organizationsNamed(reads, realm, [...named])).map(({ org_id: id }) => id));
  const told = (row: { stream: string }) => realms.has(orgOf(row)) && (within === undefined || orgOf(row) === within);
  return {
    usage: rows.filter(told).map((row) => {
      const { byokRequests: _, ...sums } = amountsOf([{ ...row, key: '', byok_requests: '0' }]);
      const place = { environmentId: row.environment_id, provider: row.provider, model: row.model };
      return {
        orgId: orgOf(row),
        day: row.day,
        ...Object.fromEntries(Object.entries(place).filter(([, value]) => value !== '')),
        paidBy: row.paid_by,
        ...sums,
      };
    }),
    blockedRequests: blocked.filter(told).map((row) => {
      const { userId: _, ...request } = shownRequest(row);
      return { orgId: orgOf(row), ...request };
    }),
  };
}

const orgOf = ({ stream }: { stream: string }) => parseStream(stream).id;
