import { setTimeout as sleep } from 'node:timers/promises';
import { UnknownEventType } from '#libs/domain/aggregates.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { LogDiverged } from './checkpoints.js';
import { HandlerFailed } from './handler-failed.js';
import { ReadSchemaOutdated } from './read-schema.js';

export type Failure = 'poison' | 'unknown' | 'stop' | 'retry';

export function failureOf(error: unknown): Failure {
  if (error instanceof LogDiverged || error instanceof ReadSchemaOutdated) return 'stop';
  if (error instanceof UnknownEventType) return 'unknown';
  if (error instanceof HandlerFailed) return 'poison';
  return 'retry';
}

export interface ProjectorError {
  readonly name: string;
  readonly message: string;
  readonly event?: { readonly stream: string; readonly revision: string; readonly type: string };
}

export function described(error: unknown, event?: StoredEvent): ProjectorError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (event === undefined) return { name, message };
  const { stream, revision, type } = event;
  return { name, message, event: { stream, revision: revision.toString(), type } };
}

/** Waits longer after each failure in a row, up to a bound, and never in step with others. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
  ) {}

  succeeded(): void {
    this.failures = 0;
  }

  /** How long to wait now, in milliseconds. */
  next(): number {
    const ceiling = Math.min(this.maxMs, this.firstMs * 2 ** this.failures++);
    return ceiling * (0.5 + Math.random() / 2);
  }

  async wait(signal: AbortSignal): Promise<void> {
    await pause(this.next(), signal);
  }
}

/** Returns at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
