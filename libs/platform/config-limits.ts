import { z } from 'zod';

/** Requests a minute, or feeds at once; null for no limit. */
export interface RateLimit {
  /** Of one caller. */
  readonly caller: number | null;
  /** Of all callers together in one organization. */
  readonly org: number | null;
}

export interface RateLimits {
  readonly commands: RateLimit;
  readonly checks: RateLimit;
  readonly searches: RateLimit;
  readonly queries: RateLimit;
  readonly exports: RateLimit;
  /** Of refused commands and of refused reads, each; they have no limit by organization, which strangers could use up. */
  readonly refusals: Pick<RateLimit, 'caller'>;
  /** Of exchanges of keys for tokens, by client and by address. */
  readonly tokens: Pick<RateLimit, 'caller'>;
}

const amount = /^(?:off|[1-9]\d{0,8})$/;
const amountOf = (text: string): number | null => (text === 'off' ? null : Number(text));

/** A number from 1, or `off`. */
export const perMinute = z
  .string()
  .regex(amount, 'must be a whole number from 1, or off')
  .transform((value) => ({ caller: amountOf(value) }));

/** Two of them, separated by a comma: of one caller, of one organization. */
export const ofCallerAndOrg = z
  .string()
  .refine((value) => {
    const parts = value.split(',');
    return parts.length === 2 && parts.every((part) => amount.test(part.trim()));
  }, 'must be two whole numbers from 1, or off, separated by a comma')
  .transform((value): RateLimit => {
    const [caller = '', org = ''] = value.split(',').map((part) => part.trim());
    return { caller: amountOf(caller), org: amountOf(org) };
  });
