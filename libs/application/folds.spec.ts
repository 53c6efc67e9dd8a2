import { describe, expect, it } from '@jest/globals';
import { MemoryEventStore } from '../../test/support/memory-event-store.js';
import { Folds } from './folds.js';
import type { StoredEvent } from './ports/event-store.js';

const scheme = { id: 'enterprise', version: 1 };
const metadata = (i: number) => ({
  occurredAt: '2026-01-01T00:00:00.000Z',
  commandId: `c${i}`,
  payloadDigest: '',
  part: '1/1',
});
const created = (i: number) => ({
  id: `e${i}`,
  type: 'EnvironmentCreated',
  data: { environmentId: `env-${i}`, name: 'E' },
  metadata: metadata(i),
});
const orgCreated = {
  id: 'e0',
  type: 'OrgCreated',
  data: { orgId: 'acme', name: 'Acme', scheme, owner: { userId: 'olga', role: 'org.owner' } },
  metadata: metadata(0),
};

/** A store whose reads can be held back after they were answered. */
class SlowStore extends MemoryEventStore {
  hold: Promise<void> | undefined;
  begun = () => {};
  override async *read(stream: string, from: bigint): AsyncIterable<readonly StoredEvent[]> {
    const { hold } = this;
    this.begun();
    for await (const page of super.read(stream, from)) {
      await hold;
      yield page;
    }
  }
}

class CountingStore extends MemoryEventStore {
  reads = 0;
  events = 0;
  override async *read(stream: string, from: bigint) {
    this.reads += 1;
    for await (const page of super.read(stream, from)) {
      this.events += page.length;
      yield page;
    }
  }
}

describe('cached folds', () => {
  it('are read once for all who ask in the same turn, and again for whoever asks after the read has begun', async () => {
    const store = new CountingStore();
    const folds = new Folds(store);
    await store.append('org-acme', -1n, [orgCreated]);
    const asked = () => Promise.all(Array.from({ length: 16 }, () => folds.current('org', 'acme')));
    expect((await asked()).map(({ revision }) => revision)).toEqual(Array(16).fill(0n));
    expect(store.reads).toBe(1);
    await store.append('org-acme', 0n, [created(1)]);
    expect((await asked()).map(({ revision }) => revision)).toEqual(Array(16).fill(1n));
    expect([store.reads, store.events]).toEqual([2, 2]);
  });

  it('of a stream that outgrows the cache are kept while they are used, and read on from where they were', async () => {
    const store = new CountingStore();
    const folds = new Folds(store, 5 * 800);
    await store.append('org-acme', -1n, [orgCreated, ...Array.from({ length: 20 }, (_, i) => created(i + 1))]);
    await folds.current('org', 'acme');
    await folds.current('user', 'somebody');
    await store.append('org-acme', 20n, [created(21)]);
    expect((await folds.current('org', 'acme')).revision).toBe(21n);
    expect(store.events).toBe(22);
  });

  it('are not taken back by a slow reader, and go on from what a faster one has brought', async () => {
    const store = new SlowStore();
    const folds = new Folds(store);
    await store.append('org-acme', -1n, [orgCreated]);
    let release = () => {};
    store.hold = new Promise((resolve) => {
      release = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      store.begun = resolve;
    });
    const slow = folds.current('org', 'acme');
    await begun;
    store.hold = undefined;
    await store.append('org-acme', 0n, [created(1)]);
    expect((await folds.current('org', 'acme')).revision).toBe(1n);
    release();
    await slow;
    expect((await folds.recent('org', 'acme')).revision).toBe(1n);
    const appended = { ...created(2), stream: 'org-acme', revision: 2n, position: { commit: 99n, prepare: 99n } };
    folds.appended('org', 'acme', [appended]);
    expect((await folds.recent('org', 'acme')).revision).toBe(2n);
  });

  it('stay as they are when an append is told of whose predecessors were not read', async () => {
    const store = new MemoryEventStore();
    const folds = new Folds(store);
    await store.append('org-acme', -1n, [orgCreated]);
    await folds.current('org', 'acme');
    folds.appended('org', 'acme', [
      { ...created(5), stream: 'org-acme', revision: 5n, position: { commit: 9n, prepare: 9n } },
    ]);
    expect((await folds.recent('org', 'acme')).revision).toBe(0n);
  });
});

describe('folds of the past', () => {
  const instant = Date.parse('2026-01-01T00:00:00.000Z');
  const dated = (n: number) => {
    const event = created(n);
    return { ...event, metadata: { ...event.metadata, occurredAt: new Date(instant).toISOString() } };
  };

  it('are read again while something may still be appended that is dated before, and then no more', async () => {
    const store = new CountingStore();
    const clock = { time: instant + 300_000, now: () => clock.time };
    const folds = new Folds(store, undefined, undefined, clock);
    const past = async () => (await folds.past('org', 'acme', { instant })).folded.revision;
    await store.append('org-acme', -1n, [dated(0)]);
    expect(await past()).toBe(0n);
    await store.append('org-acme', 0n, [dated(1)]);
    expect(await past()).toBe(1n);
    clock.time += 1;
    expect(await past()).toBe(1n);
    const { reads } = store;
    expect(await past()).toBe(1n);
    expect(store.reads).toBe(reads);
  });
});
