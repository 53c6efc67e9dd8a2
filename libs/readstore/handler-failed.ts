import type { StoredEvent } from '#libs/application/ports/event-store.js';

/** A projection cannot take an event: its own code threw, or Postgres refuses its rows. The event is never skipped. */
export class HandlerFailed extends Error {
  override readonly name = 'HandlerFailed';
  constructor(
    readonly projection: string,
    readonly event: StoredEvent,
    cause: unknown,
  ) {
    super(`projection ${projection} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Data exceptions, violated constraints, exceeded limits: the same rows would fail again. */
const REFUSED = /^(22|23|54)[0-9A-Z]{3}$/;

/** Whether Postgres would refuse the same rows again; a lost connection or a deadlock is another matter. */
export function isRefused(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && REFUSED.test(code);
}

/** Whether code met what it was not made for, which it would meet again. */
export const isDefect = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError;
