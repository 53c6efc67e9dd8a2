import type { Logger } from 'pino';
import type { RedisTier } from '#libs/access/redis/redis-tier.js';
import type { TierListener } from '#libs/access/tier.js';
import { firstUse, StoreUnusable } from '#libs/platform/store-unusable.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';

/** Counts what the tiers of access documents do. */
export const tierListener =
  ({ accessDocuments }: Metrics): TierListener =>
  (event, tier) =>
    accessDocuments.inc({ tier, event });

/** The tier that processes share, where there is a Redis; one that is away is waited for. Throws for one that cannot be used. */
export async function redisTier(
  redisUrl: string | undefined,
  logger: Logger,
  metrics: Metrics,
): Promise<RedisTier | undefined> {
  if (redisUrl === undefined) return undefined;
  const { firstContact } = await import('#libs/access/redis/connection.js');
  const { RedisTier } = await import('#libs/access/redis/redis-tier.js');
  const onChange = (failure: unknown) => {
    metrics.partUp.set({ part: 'redis' }, failure === undefined ? 1 : 0);
    if (failure === undefined) logger.info('redis answers again');
    else logger.warn({ err: failure }, 'redis does not answer; checks go on without it');
  };
  metrics.partUp.set({ part: 'redis' }, 1);
  await firstUse('REDIS_URL', () => firstContact(redisUrl)).catch((error: unknown) => {
    // One that is away may come back, and is not needed until then; a wrong certificate or password will not mend itself.
    const away = error instanceof StoreUnusable && ['unreachable', 'timeout'].includes(error.fault.code);
    if (!away) throw error;
    onChange(error);
  });
  return new RedisTier({ url: redisUrl, listener: tierListener(metrics), onChange });
}
