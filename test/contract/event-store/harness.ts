import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, binaryEvent, jsonEvent } from '@eventstore/db-client';
import type { AllStreamSubscription, EventData, ResolvedEvent, StreamSubscription } from '@eventstore/db-client';

/** A running event store under test. */
export interface EventStoreUnderTest {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export type EventStoreFactory = () => Promise<EventStoreUnderTest>;

export function connect(store: EventStoreUnderTest): EventStoreDBClient {
  return EventStoreDBClient.connectionString(store.connectionString);
}

/** A stream name that no other test, and no earlier run against the same store, has used. */
export function freshName(prefix = 'contract'): string {
  return `${prefix}-${randomUUID()}`;
}

export function event(n: number, id: string = randomUUID(), type = 'Counted') {
  return jsonEvent({ id, type, data: { n } });
}

export function events(count: number, type = 'Counted') {
  return Array.from({ length: count }, (_, n) => event(n, randomUUID(), type));
}

export function blob(bytes: number): EventData {
  return binaryEvent({ type: 'Blob', data: new Uint8Array(bytes).fill(7) });
}

/** What of an event the tests compare. */
export function seen(resolved: ResolvedEvent): string {
  return `${resolved.event?.streamId}@${resolved.event?.revision}`;
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

/** The type of the error with which a call failed. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no failure',
    (error: unknown) => (error instanceof Error && 'type' in error ? error.type : error),
  );
}

/** Takes events from a subscription until a condition holds; always ends the subscription. */
export async function take(
  subscription: AllStreamSubscription | StreamSubscription,
  done: (all: readonly ResolvedEvent[]) => boolean,
): Promise<ResolvedEvent[]> {
  const all: ResolvedEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('data', (resolved: ResolvedEvent) => {
      all.push(resolved);
      if (done(all)) resolve();
    });
  });
  await subscription.unsubscribe();
  return all;
}

/** Resolves when the subscription says so. */
export function notice(subscription: AllStreamSubscription | StreamSubscription, name: 'caughtUp' | 'confirmation') {
  return new Promise<void>((resolve, reject) => {
    subscription.once('error', reject);
    if (name === 'caughtUp') subscription.once('caughtUp', () => resolve());
    else subscription.once('confirmation', () => resolve());
  });
}
