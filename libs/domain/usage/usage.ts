import { z } from 'zod';
import type { EventOf, Evolutions } from '../event.js';
import { instant, principalId, slug } from '../text.js';

const count = z.int().min(0).max(1_000_000_000_000);

/** What a cost is told in: thousandths of the currency's minor unit, because a request costs less than a cent. */
export const cost = z.strictObject({
  thousandths: count,
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code like EUR'),
});

const model = z.string().regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 ASCII characters without blanks');

/** Who used what where, added up by whoever meters. A person stands here by the opaque id alone. */
export const usageLine = z.strictObject({
  userId: principalId.optional(),
  environmentId: slug.optional(),
  provider: slug.optional(),
  model: model.optional(),
  requests: count.optional(),
  runs: count.optional(),
  inputTokens: count.optional(),
  outputTokens: count.optional(),
  credits: count.optional(),
  cost: cost.optional(),
  /** Under the organization's own key at the provider: its credits and cost are counted nowhere (C24). */
  byok: z.literal(true).optional(),
});
export type UsageLine = z.output<typeof usageLine>;

/** By UTC. */
export const day = z.iso.date();

/** Keeps an event with the longest ids and names below 60 KiB. */
export const MAX_LINES = 100;

export const blockedRequest = z.strictObject({
  userId: principalId.optional(),
  environmentId: slug.optional(),
  provider: slug.optional(),
  model: model.optional(),
  reason: z.enum(['budget', 'limit', 'rate', 'guardrail', 'model', 'other']),
  /** Which budget, limit or guardrail; never what was asked. */
  rule: slug.optional(),
});

// Stored format: add event types and optional fields, never change them.
export const usageEvents = {
  UsageRecorded: z.strictObject({
    lines: z.array(usageLine.extend({ day })).min(1).max(MAX_LINES),
    /** It was asked for before it was used, and found within every cap. */
    admitted: z.literal(true).optional(),
  }),
  RequestBlocked: blockedRequest.extend({ at: instant }),
};
export type UsageEvent = EventOf<typeof usageEvents>;
export type RecordedLine = UsageLine & { readonly day: string };

/** Whom and what an event names, as the audit log is searched by; no more than twice as many as an event has lines. */
export function usageTargets({ type, data }: UsageEvent): string[] {
  const named = type === 'UsageRecorded' ? data.lines : [data];
  return [...new Set(named.flatMap(({ userId, environmentId }) => [userId, environmentId]))].filter(
    (id) => id !== undefined,
  );
}

/** Nothing is folded: what caps are compared with is added up in the read models, so that it costs the same however long the stream is. */
export type UsageState = Readonly<Record<string, never>>;
export const noUsage: UsageState = {};

const recorded = { touches: () => [], evolve: (state: UsageState) => state };

export const usageEvolutions: Evolutions<UsageState, UsageEvent> = {
  UsageRecorded: recorded,
  RequestBlocked: recorded,
};
