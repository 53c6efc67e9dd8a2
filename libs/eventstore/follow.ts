import type { AllStreamSubscription } from '@eventstore/db-client';
import {
  comparePositions,
  EventStoreUnavailable,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { toStored } from './stored-event.js';

/** Events waiting for a slow reader before the subscription is paused, and before it goes on. */
const HIGH_WATER = 4000;
const LOW_WATER = 1000;

/**
 * A subscription, begun after a position, as batches of whatever has arrived, each event once. Ends when the signal aborts, throws when the subscription breaks:
 * the client never subscribes again by itself, so whoever follows keeps its own position and starts anew.
 */
export async function* follow(
  subscribe: () => AllStreamSubscription,
  after: Position | undefined,
  signal: AbortSignal,
): AsyncIterable<readonly StoredEvent[]> {
  let waiting: StoredEvent[] = [];
  let last = after;
  let failure: unknown;
  let paused = false;
  let wake = () => {};
  const subscription = subscribe();
  subscription.on('data', ({ event }) => {
    if (event === undefined || event.type.startsWith('$')) return;
    const stored = toStored(event);
    // A server may deliver again what it has delivered.
    if (last !== undefined && comparePositions(stored.position, last) <= 0) return;
    last = stored.position;
    waiting.push(stored);
    if (!paused && waiting.length >= HIGH_WATER) {
      paused = true;
      subscription.pause();
    }
    wake();
  });
  const broke = (error?: unknown) => {
    failure ??= error ?? new Error('the subscription ended');
    wake();
  };
  subscription.on('error', broke);
  subscription.on('end', () => broke());
  subscription.on('close', () => broke());
  const abort = () => wake();
  signal.addEventListener('abort', abort);
  try {
    while (!signal.aborted) {
      if (waiting.length > 0) {
        const batch = waiting;
        waiting = [];
        yield batch;
        if (paused && waiting.length < LOW_WATER) {
          paused = false;
          subscription.resume();
        }
      } else if (failure !== undefined) {
        throw new EventStoreUnavailable('the subscription to the log broke', { cause: failure });
      } else {
        await new Promise<void>((resume) => {
          wake = resume;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', abort);
    await subscription.unsubscribe().catch(() => undefined);
  }
}
