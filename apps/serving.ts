import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '#libs/platform/config.js';
import type { Drain } from './drain.js';

/** Requests that still run after this, once no more are taken, are cut off. Longer than their own limits allow. */
const FINISH_WITHIN_MS = 12_000;

/** Starts to listen. Throws an error with code `port_in_use` that says what to do. */
export async function listen<T>({ port, host }: Config, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code !== 'EADDRINUSE') throw error;
    const message = `Port ${port} on ${host} is taken by another program. Stop that one, or set PORT to a free one.`;
    throw Object.assign(new Error(message, { cause: error }), { code: 'port_in_use' });
  }
}

/** Tells balancers, serves on for a while, takes no more, and waits for what is in flight. */
export async function drained(app: NestFastifyApplication, drain: Drain, drainMs: number): Promise<void> {
  await drain.begin(drainMs);
  const cutOff = setTimeout(() => app.getHttpServer().closeAllConnections(), FINISH_WITHIN_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(cutOff);
  }
}
