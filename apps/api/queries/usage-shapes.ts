import { z } from 'zod';
import { dayOf } from '#libs/domain/usage/meters.js';
import { day } from '#libs/domain/usage/usage.js';
import type { BlockedRequest, UsageSpan, UsageSums } from '#projections/usage/queries.js';
import { invalid } from '../problems/problem.js';

const MAX_DAYS = 366;
const DAY_MS = 86_400_000;

/** The days that are asked for, by UTC. */
export const span = z.strictObject({ from: day.optional(), to: day.optional() });

/** The present month where nothing is said. Throws a Problem for a span that is empty or longer than a year. */
export function spanOf({ from, to }: z.output<typeof span>, now: number): UsageSpan {
  const last = to ?? dayOf(now);
  const first = from ?? `${last.slice(0, 7)}-01`;
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
  if (days < 1 || days > MAX_DAYS)
    throw invalid([{ path: 'from', message: `must be 1 to ${MAX_DAYS} days before the end of the last one` }]);
  return { from: first, to: last };
}

export const amounts = z.object({
  requests: z.int(),
  byokRequests: z.int().meta({ description: "Of these, under the organization's own keys" }),
  runs: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  credits: z.int(),
  cost: z
    .array(z.object({ currency: z.string(), thousandths: z.int() }))
    .meta({ description: "In thousandths of the currency's minor unit" }),
});

/** Rows of one key, a currency each, as one. */
export function amountsOf(rows: readonly UsageSums[]): z.input<typeof amounts> {
  const total = (column: Exclude<keyof UsageSums, 'key' | 'currency'>) =>
    rows.reduce((sum, row) => sum + Number(row[column]), 0);
  return {
    requests: total('requests'),
    byokRequests: total('byok_requests'),
    runs: total('runs'),
    inputTokens: total('input_tokens'),
    outputTokens: total('output_tokens'),
    credits: total('credits'),
    cost: rows
      .filter(({ currency, cost }) => currency !== '' && cost !== '0')
      .map(({ currency, cost }) => ({ currency, thousandths: Number(cost) })),
  };
}

/** By key, in order. */
export function byKey(rows: readonly UsageSums[]): { key: string; rows: UsageSums[] }[] {
  const keys = new Map<string, UsageSums[]>();
  for (const row of rows) keys.set(row.key, [...(keys.get(row.key) ?? []), row]);
  return [...keys].map(([key, each]) => ({ key, rows: each }));
}

export const blockedRequest = z.object({
  at: z.string(),
  userId: z.string().optional(),
  environmentId: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  reason: z.string(),
  rule: z.string().optional(),
});

export const shownRequest = (row: BlockedRequest): z.input<typeof blockedRequest> => ({
  at: row.at,
  ...(row.user_id === null ? {} : { userId: row.user_id }),
  ...(row.environment_id === null ? {} : { environmentId: row.environment_id }),
  ...(row.provider === null ? {} : { provider: row.provider }),
  ...(row.model === null ? {} : { model: row.model }),
  reason: row.reason,
  ...(row.rule === null ? {} : { rule: row.rule }),
});
