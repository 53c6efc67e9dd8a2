import { expect, it } from '@jest/globals';
import { END, START, eventTypeFilter, excludeSystemEvents, streamNameFilter } from '@eventstore/db-client';
import type { EventStoreDBClient, Position, ResolvedEvent } from '@eventstore/db-client';
import { collect, event, events, freshName, notice, seen, take } from './harness.js';

/** Subscriptions to streams and to `$all`, filters and checkpoints. */
export function describeSubscribing(client: () => EventStoreDBClient): void {
  const named = (stream: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => `${stream}@${from + n}`);
  const now = async (): Promise<Position> => {
    const { position } = await client().appendToStream(freshName('mark'), event(0));
    if (!position) throw new Error('an append answers a position');
    return position;
  };

  it('starts after a revision, not at it', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(5));
    const from = (start: bigint | 'start', count: number) =>
      take(client().subscribeToStream(stream, { fromRevision: start }), (all) => all.length >= count);
    expect((await from(2n, 2)).map(seen)).toEqual(named(stream, 3, 5));
    expect((await from(0n, 4)).map(seen)).toEqual(named(stream, 1, 5));
    expect((await from(START, 5)).map(seen)).toEqual(named(stream, 0, 5));
  });

  it('starts after a position of $all, not at it', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(3));
    const [first] = await collect(client().readStream(stream));
    const fromPosition = first?.event?.position ?? START;
    const got = await take(client().subscribeToAll({ fromPosition }), (all) => all.length >= 2);
    expect(got.map(seen)).toEqual(named(stream, 1, 3));
  });

  it('from the end gives only what is appended after the confirmation', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(3));
    const ofStream = client().subscribeToStream(stream, { fromRevision: END });
    const ofAll = client().subscribeToAll({ fromPosition: END });
    const fromStream = take(ofStream, (all) => all.length >= 2);
    const fromAll = take(ofAll, (all) => all.filter((e) => e.event?.streamId === stream).length >= 2);
    await Promise.all([notice(ofStream, 'confirmation'), notice(ofAll, 'confirmation')]);
    await client().appendToStream(stream, events(2));
    expect((await fromStream).map(seen)).toEqual(named(stream, 3, 5));
    expect((await fromAll).filter((e) => e.event?.streamId === stream).map(seen)).toEqual(named(stream, 3, 5));
  });

  it('waits for a stream that does not exist yet', async () => {
    const stream = freshName();
    const subscription = client().subscribeToStream(stream);
    const got = take(subscription, (all) => all.length >= 2);
    await notice(subscription, 'caughtUp');
    await client().appendToStream(stream, events(2));
    expect((await got).map(seen)).toEqual(named(stream, 0, 2));
  });

  it('says that it has caught up after the history, once', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(700));
    const subscription = client().subscribeToStream(stream);
    let count = 0;
    let notices = 0;
    let atNotice = -1;
    subscription.on('caughtUp', () => {
      notices += 1;
      atNotice = count;
    });
    const got = take(subscription, () => ++count >= 702);
    await notice(subscription, 'caughtUp');
    await client().appendToStream(stream, event(1));
    await client().appendToStream(stream, event(2));
    await got;
    // The client reads ahead of its consumer by its buffer, so the notice may come early, never after a live event.
    expect(atNotice).toBeLessThanOrEqual(700);
    expect(notices).toBe(1);
  });

  it('goes from history to live without a gap, a repetition or a change of order while others append', async () => {
    const from = await now();
    const prefix = freshName('gap');
    const total = 40 * 25;
    let appended = 0;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      while (appended < total) {
        appended += 5;
        await client().appendToStream(`${prefix}-${writer}`, events(5));
      }
    });
    const mine = (all: readonly ResolvedEvent[]) => all.filter((e) => e.event?.streamId.startsWith(prefix));
    const subscribers = Array.from({ length: 10 }, () =>
      take(client().subscribeToAll({ fromPosition: from }), (all) => mine(all).length >= total),
    );
    await Promise.all(writers);
    const stored = mine(await collect(client().readAll({ fromPosition: from })))
      .map(seen)
      .slice(0, total);
    for (const got of await Promise.all(subscribers)) expect(mine(got).map(seen)).toEqual(stored);
  });

  it('lets a slow subscriber fall behind without holding up the others, and loses nothing', async () => {
    const stream = freshName();
    const slow = client().subscribeToStream(stream);
    slow.pause();
    await Promise.all(Array.from({ length: 20 }, () => client().appendToStream(stream, events(100))));
    const fast = await take(client().subscribeToStream(stream), (all) => all.length >= 2000);
    const late = take(slow, (all) => all.length >= 2000);
    slow.resume();
    expect((await late).map(seen)).toEqual(fast.map(seen));
  });

  for (const [kind, filter] of [
    ['event type prefix', (tag: string) => eventTypeFilter({ prefixes: [`${tag}-kept`, 'nothing'] })],
    ['event type regex', (tag: string) => eventTypeFilter({ regex: `^${tag}-k.*t$` })],
    ['stream name prefix', (tag: string) => streamNameFilter({ prefixes: [`${tag}-kept`] })],
    ['stream name regex', (tag: string) => streamNameFilter({ regex: `^${tag}-(kept|other)$` })],
  ] as const) {
    it(`filters by ${kind}, in history and live`, async () => {
      const from = await now();
      const tag = freshName('filter');
      const append = async (name: string) => client().appendToStream(`${tag}-${name}`, events(3, `${tag}-${name}`));
      await append('kept');
      await append('dropped');
      const subscription = client().subscribeToAll({ fromPosition: from, filter: filter(tag) });
      const got = take(subscription, (all) => all.length >= 6);
      await notice(subscription, 'caughtUp');
      await append('dropped');
      await append('kept');
      expect((await got).map(seen)).toEqual(named(`${tag}-kept`, 0, 6));
    });
  }

  it('excludes system events', async () => {
    const subscription = client().subscribeToAll({ fromPosition: START, filter: excludeSystemEvents() });
    const [first] = await take(subscription, (all) => all.length >= 1);
    expect(first?.event?.type.startsWith('$')).toBe(false);
  });

  it('refuses a regex that cannot be compiled', async () => {
    const subscription = client().subscribeToAll({ filter: streamNameFilter({ regex: '(' }) });
    await expect(take(subscription, () => false)).rejects.toThrow();
  });

  it('is not held up by a regex that takes a backtracking engine for ever', async () => {
    await client().appendToStream(freshName(`${'a'.repeat(400)}!`), event(1));
    for (const regex of ['^(a+)+$', '^(a|a)*$', '(a*)*b$']) {
      const subscription = client().subscribeToAll({ filter: streamNameFilter({ regex }) });
      subscription.on('data', () => undefined);
      await notice(subscription, 'caughtUp');
      await subscription.unsubscribe();
    }
  });

  it('sends checkpoints that only move forward and from any of which resuming loses nothing', async () => {
    const from = await now();
    const tag = freshName('checkpoint');
    for (let n = 0; n < 30; n++) {
      await client().appendToStream(`${tag}-${n % 3 === 2 ? 'kept' : 'dropped'}`, events(7));
    }
    const prefixes = [`${tag}-kept`];
    const checkpoints: Position[] = [];
    const filter = streamNameFilter({
      prefixes,
      maxSearchWindow: 5,
      checkpointInterval: 2,
      checkpointReached: async (_, position) => void checkpoints.push(position),
    });
    const subscription = client().subscribeToAll({ fromPosition: from, filter });
    const all = await take(subscription, (got) => got.length >= 70);
    // 210 considered events, one checkpoint for every ten; the last may come after the last event.
    expect(checkpoints.length).toBeGreaterThanOrEqual(20);
    for (const [i, { commit }] of checkpoints.entries())
      expect(commit > (checkpoints[i - 1]?.commit ?? -1n)).toBe(true);
    for (const checkpoint of checkpoints) {
      const rest = all.filter((e) => (e.event?.position?.commit ?? 0n) > checkpoint.commit);
      const resumed = client().subscribeToAll({ fromPosition: checkpoint, filter: streamNameFilter({ prefixes }) });
      const marker = client().appendToStream(`${tag}-kept`, event(0));
      const got = await take(resumed, (some) => some.length >= rest.length + 1);
      expect(got.slice(0, rest.length).map(seen)).toEqual(rest.map(seen));
      await marker;
      all.push(...got.slice(rest.length));
    }
  });

  it('ends the history of a filtered subscription with a checkpoint at the head', async () => {
    const from = await now();
    const head = await now();
    const checkpoints: bigint[] = [];
    const filter = streamNameFilter({
      prefixes: [freshName('none')],
      checkpointReached: async (_, position) => void checkpoints.push(position.commit),
    });
    const subscription = client().subscribeToAll({ fromPosition: from, filter });
    subscription.on('data', () => undefined);
    await notice(subscription, 'caughtUp');
    await subscription.unsubscribe();
    expect(checkpoints.at(-1)).toBe(head.commit);
  });
}
