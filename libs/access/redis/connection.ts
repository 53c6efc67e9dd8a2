import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';

const CONNECT_TIMEOUT_MS = 2000;
/** A connection that owes an answer for so long is given up, and another one made. */
const SILENCE_MS = 2000;
const LAST_RETRY_MS = 1000;

/**
 * A client that sends nothing while there is no connection, and nothing twice. It connects in the background, again and
 * again. `rediss://` takes `tlsCaFile`, the path of the certificates to trust instead of the usual ones. Throws where that
 * cannot be read.
 */
export function connectRedis(url: string): Redis {
  const { address, tls } = parsed(url);
  const redis = new Redis(address, {
    ...(tls && { tls }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), LAST_RETRY_MS) * (0.5 + Math.random() / 2),
    // After a failover the former leader only reads.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  });
  // Whoever sends a command learns of it; without a listener it would end the process.
  redis.on('error', () => {});
  return redis;
}

/**
 * One connection and one question, to find out whether the URL can be used at all. Rejects with the reason, which the
 * client above keeps to itself: it only tells that it is not connected.
 */
export async function firstContact(url: string): Promise<void> {
  const { address, tls } = parsed(url);
  const redis = new Redis(address, {
    ...(tls && { tls }),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  });
  let reason: unknown;
  redis.on('error', (error: unknown) => {
    reason ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}

function parsed(url: string): { address: string; tls?: NonNullable<RedisOptions['tls']> } {
  const address = new URL(url);
  const caFile = address.searchParams.get('tlsCaFile');
  // The client takes every parameter of the URL for an option of its own.
  address.search = '';
  if (address.protocol !== 'rediss:') return { address: address.href };
  return { address: address.href, tls: caFile === null ? {} : { ca: readFileSync(caFile) } };
}
