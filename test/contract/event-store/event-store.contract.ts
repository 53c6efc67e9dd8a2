import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { appendBy, describeAppending } from './appending.js';
import { describeDeleting } from './deleting.js';
import { collect, connect, event, failure, freshName } from './harness.js';
import type { EventStoreFactory, EventStoreUnderTest } from './harness.js';
import { describeReading } from './reading.js';
import { describeRetaining } from './retaining.js';
import { describeSubscribing } from './subscribing.js';

/** What this project relies on in an event store, asked through the official client only. */
export function describeEventStore(name: string, factory: EventStoreFactory): void {
  describe(name, () => {
    let store: EventStoreUnderTest;
    let opened: EventStoreDBClient;
    const client = (): EventStoreDBClient => opened;

    beforeAll(async () => {
      store = await factory();
      opened = connect(store);
      await opened.appendToStream(freshName('warm-up'), event(0));
    });
    afterAll(async () => {
      await opened.dispose();
      await store.stop();
    });

    describe('Append', () => describeAppending(client, appendBy(client, 'Append')));
    describe('BatchAppend', () => describeAppending(client, appendBy(client, 'BatchAppend')));
    describe('reading', () => describeReading(client));
    describe('subscribing', () => describeSubscribing(client));

    describe('deleting', () => describeDeleting(client));
    describe('retaining', () => describeRetaining(client));

    describe('a batch append', () => {
      it('whose deadline has passed is refused and never written', async () => {
        const stream = freshName();
        expect(await failure(client().appendToStream(stream, event(1), { deadline: -1000 }))).toBe('deadline-exceeded');
        expect(await failure(collect(client().readStream(stream)))).toBe('stream-not-found');
      });

      it('that is refused leaves the others of the same connection alone', async () => {
        const stream = freshName();
        const outcomes = await Promise.all(
          Array.from({ length: 30 }, (_, n) =>
            failure(client().appendToStream(`${stream}-${n}`, event(n), { expectedRevision: n % 2 ? 'any' : 5n })),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'no failure')).toHaveLength(15);
        expect(outcomes.filter((outcome) => outcome === 'wrong-expected-version')).toHaveLength(15);
      });
    });
  });
}
