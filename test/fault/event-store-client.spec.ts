import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable, type EventToAppend } from '#libs/application/ports/event-store.js';
import { randomUUID } from 'node:crypto';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { type FaultyNode, startFaultyNode } from './event-store-faulty-node.js';

let node: FaultyNode;
let other: FaultyNode;
let store: EsdbEventStore;
let elsewhere: EsdbEventStore;

beforeAll(async () => {
  [node, other] = await Promise.all([startFaultyNode(), startFaultyNode()]);
  [store, elsewhere] = await Promise.all([
    EsdbEventStore.connect(node.connectionString),
    EsdbEventStore.connect(other.connectionString),
  ]);
});
afterAll(async () => {
  await Promise.all([store.close(), elsewhere.close()]);
  await Promise.all([node.stop(), other.stop()]);
});

const event = (): EventToAppend => ({ id: randomUUID(), type: 'Noted', data: {}, metadata: {} });

describe('the client of the event store', () => {
  it('outlives the answer to an append that a broken connection gave up', async () => {
    node.faults.delayMs = 200;
    other.faults.loseAnswers = { count: 1, drop: true };
    const noted = event();
    const slow = store.append('late-1', -1n, [noted]);
    const broken = elsewhere.append('late-2', -1n, [event()]);
    await expect(broken).rejects.toThrow(EventStoreUnavailable);
    await expect(slow).rejects.toThrow(EventStoreUnavailable);
    node.faults.clear();
    // On the same connection: the late answer has come before this one.
    await expect(store.append('late-1', -1n, [noted])).resolves.toMatchObject({ appended: true, revision: 0n });
    await expect(store.append('late-1', 0n, [event()])).resolves.toMatchObject({ appended: true, revision: 1n });
  });

  it('reads each event once where the server delivers one again', async () => {
    for (let revision = -1n; revision < 4n; revision++) await store.append('repeated', revision, [event()]);
    node.faults.duplicate = true;
    const read: bigint[] = [];
    for await (const page of store.read('repeated', 1n)) read.push(...page.map(({ revision }) => revision));
    expect(read).toEqual([1n, 2n, 3n, 4n]);
    node.faults.clear();
  });

  it('says that the store is unavailable when it breaks while its end is looked for', async () => {
    node.faults.refuse = { as: 'overloaded' };
    await expect(store.head()).rejects.toThrow(EventStoreUnavailable);
    node.faults.clear();
    await expect(store.head()).resolves.toBeDefined();
  });
});
