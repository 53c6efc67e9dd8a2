import type { SharedQuotas } from '#libs/access/redis/shared-quotas.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { RateLimits } from '#libs/platform/config-limits.js';
import { Buckets } from './api/limits/buckets.js';
import { Limits } from './api/limits/limits.js';

/** The limits of a process; where there is a Redis, together with all processes over the same log. */
export async function limitsOf(
  limits: RateLimits,
  clock: Clock,
  redisUrl: string | undefined,
  storeId: string,
): Promise<{ readonly limits: Limits; stop(): Promise<void> }> {
  const shared = redisUrl === undefined ? undefined : await sharedQuotas(redisUrl, storeId);
  return { limits: new Limits(limits, new Buckets(clock, shared), clock), stop: async () => shared?.stop() };
}

/** Loaded only where there is a Redis. */
async function sharedQuotas(url: string, scope: string): Promise<SharedQuotas> {
  const { SharedQuotas } = await import('#libs/access/redis/shared-quotas.js');
  return new SharedQuotas({ url, scope });
}
