/** As many tokens at once, and as many again over the window. */
export interface Quota {
  readonly tokens: number;
  readonly windowMs: number;
}

export interface Granted {
  /** How many tokens; 0 where there were fewer than the least asked for. */
  readonly tokens: number;
  /** When the bucket is full again, in milliseconds since the epoch: all that is remembered of a bucket. */
  readonly fullAt: number;
}

/** Rounding must not refuse the last token. */
const SLACK_MS = 0.001;

const intervalOf = ({ tokens, windowMs }: Quota): number => windowMs / tokens;

/** A bucket's debt is bounded, so that a clock that was set back locks nobody out for long. */
const begun = (fullAt: number | undefined, { windowMs }: Quota, now: number): number =>
  Math.min(Math.max(fullAt ?? now, now), now + 2 * windowMs);

/** How many tokens are left at `now`, which is in milliseconds since the epoch. */
export function left(fullAt: number | undefined, quota: Quota, now: number): number {
  const usedMs = begun(fullAt, quota, now) - now;
  return Math.max(0, Math.floor((quota.windowMs - usedMs + SLACK_MS) / intervalOf(quota)));
}

/** Takes as many tokens as there are, from `least` to `most`; fewer than `least` are not taken. */
export function grant(
  fullAt: number | undefined,
  quota: Quota,
  now: number,
  { least, most }: { readonly least: number; readonly most: number },
): Granted {
  const from = begun(fullAt, quota, now);
  const tokens = Math.min(most, left(fullAt, quota, now));
  return tokens < least ? { tokens: 0, fullAt: from } : { tokens, fullAt: from + tokens * intervalOf(quota) };
}

/** Takes tokens whether or not they are there; answers when the bucket is full again. */
export const charged = (fullAt: number | undefined, quota: Quota, now: number, tokens: number): number =>
  Math.min(begun(fullAt, quota, now) + tokens * intervalOf(quota), now + 2 * quota.windowMs);

/** Puts back what was taken for nothing. */
export const refunded = (fullAt: number, quota: Quota, tokens: number): number => fullAt - tokens * intervalOf(quota);

/** Milliseconds until there are so many tokens; more than the quota are taken for all of it. */
export function waitMs(fullAt: number, quota: Quota, now: number, tokens: number): number {
  const needed = Math.min(tokens, quota.tokens) * intervalOf(quota);
  return Math.max(0, begun(fullAt, quota, now) - now + needed - quota.windowMs);
}
