import { expect, it } from '@jest/globals';
import { BACKWARDS, END, START, binaryEvent, jsonEvent } from '@eventstore/db-client';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { collect, event, events, failure, freshName, notice, seen, take } from './harness.js';

/** Stream metadata, and what it lets readers see. */
export function describeRetaining(client: () => EventStoreDBClient): void {
  const numbers = async (stream: string, options: Parameters<EventStoreDBClient['readStream']>[1] = {}) =>
    (await collect(client().readStream(stream, options))).map((e) => Number(e.event?.revision));
  const filled = async (count: number, metadata?: Parameters<EventStoreDBClient['setStreamMetadata']>[1]) => {
    const stream = freshName('retained');
    await client().appendToStream(stream, events(count));
    if (metadata) await client().setStreamMetadata(stream, metadata);
    return stream;
  };

  it('keeps metadata as it was written, and only the last is read', async () => {
    const stream = await filled(1);
    expect((await client().getStreamMetadata(stream)).metadata).toBeUndefined();
    await client().setStreamMetadata(stream, { maxCount: 3, owner: 'x' });
    await client().setStreamMetadata(stream, { maxAge: 60, acl: { readRoles: ['a'] } });
    const { metadata } = await client().getStreamMetadata(stream);
    expect(metadata).toEqual({ maxAge: 60, acl: { readRoles: ['a'] } });
    expect(await numbers(`$$${stream}`)).toEqual([1]);
    expect(await numbers(`$$${stream}`, { direction: BACKWARDS, fromRevision: END })).toEqual([1]);
  });

  it('$maxCount shows the last events only, in both directions', async () => {
    const stream = await filled(10, { maxCount: 3 });
    expect(await numbers(stream)).toEqual([7, 8, 9]);
    expect(await numbers(stream, { fromRevision: 2n, maxCount: 2 })).toEqual([7, 8]);
    expect(await numbers(stream, { fromRevision: 8n })).toEqual([8, 9]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: END })).toEqual([9, 8, 7]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: 8n })).toEqual([8, 7]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: 3n })).toEqual([]);
    await client().appendToStream(stream, events(2), { expectedRevision: 9n });
    expect(await numbers(stream)).toEqual([9, 10, 11]);
  });

  it('$tb shows events from a number on; with all of them hidden the stream is there and empty', async () => {
    const stream = await filled(10, { truncateBefore: 6 });
    expect(await numbers(stream)).toEqual([6, 7, 8, 9]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 9 })).toEqual([9, 8, 7, 6]);
    await client().setStreamMetadata(stream, { truncateBefore: 100 });
    expect(await numbers(stream)).toEqual([]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: END })).toEqual([]);
    expect((await client().appendToStream(stream, event(10))).nextExpectedRevision).toBe(10n);
    expect(await numbers(stream)).toEqual([]);
  });

  it('the stricter of $tb and $maxCount holds', async () => {
    expect(await numbers(await filled(10, { truncateBefore: 6, maxCount: 2 }))).toEqual([8, 9]);
    expect(await numbers(await filled(10, { truncateBefore: 8, maxCount: 5 }))).toEqual([8, 9]);
  });

  it('$maxAge hides what is older', async () => {
    const stream = await filled(600, { maxAge: 1 });
    const seenYoung = (await numbers(stream, { direction: BACKWARDS, fromRevision: END })).length;
    expect(seenYoung).toBeLessThanOrEqual(600);
    while ((await numbers(stream)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await client().appendToStream(stream, event(600));
    const young = await numbers(stream);
    // A machine that was asleep may have let this one grow old, too.
    expect([[600], []]).toContainEqual(young);
    await client().setStreamMetadata(stream, { maxAge: 3600 });
    expect(await numbers(stream)).toHaveLength(601);
  });

  it('values that mean nothing count as unset, and metadata that cannot be read as none', async () => {
    for (const data of [{ $maxCount: 0, $tb: -1, $maxAge: 0 }, { $maxCount: '2' }, { $maxCount: 1.5 }, { $tb: null }]) {
      const stream = await filled(4);
      await client().appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data }));
      expect(await numbers(stream)).toHaveLength(4);
    }
    const stream = await filled(4);
    const data = Buffer.from('{"$maxCount":1}');
    await client().appendToStream(`$$${stream}`, binaryEvent({ type: '$metadata', data }));
    expect(await numbers(stream)).toHaveLength(4);
  });

  it('is not fooled by keys that look the same further inside', async () => {
    const stream = await filled(4);
    const data = { note: 'say "$maxCount": 1', inner: { $maxCount: 1, list: [{ $tb: 3 }] }, $maxCount: 2, end: [] };
    await client().appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data }));
    expect(await numbers(stream)).toEqual([2, 3]);
  });

  it('leaves $all alone', async () => {
    const stream = await filled(5, { maxCount: 1 });
    const all = (await collect(client().readAll())).map(seen).filter((name) => name.startsWith(`${stream}@`));
    expect(all).toHaveLength(5);
  });

  it('hides history from a subscription, but nothing that is appended while it is live', async () => {
    const stream = await filled(5, { maxCount: 2 });
    const subscription = client().subscribeToStream(stream, { fromRevision: START });
    const got = take(subscription, (all) => all.length >= 8);
    await notice(subscription, 'caughtUp');
    await client().appendToStream(stream, events(6));
    expect((await got).map((e) => Number(e.event?.revision))).toEqual([3, 4, 5, 6, 7, 8, 9, 10].slice(0, 8));
  });

  it('metadata alone makes a stream exist for stream_exists, and not for a reader', async () => {
    const stream = freshName();
    await client().setStreamMetadata(stream, { owner: 'x' });
    expect(await failure(collect(client().readStream(stream)))).toBe('stream-not-found');
    const wrote = await client().appendToStream(stream, event(0), { expectedRevision: 'stream_exists' });
    expect(wrote.nextExpectedRevision).toBe(0n);
  });

  it('checks the expected revision of metadata as of any stream', async () => {
    const stream = await filled(1, { maxCount: 5 });
    const wrong = client().setStreamMetadata(stream, { maxCount: 6 }, { expectedRevision: 'no_stream' });
    expect(await failure(wrong)).toBe('wrong-expected-version');
    const right = await client().setStreamMetadata(stream, { maxCount: 6 }, { expectedRevision: 0n });
    expect(right.nextExpectedRevision).toBe(1n);
  });

  it('system streams are written and read like others; $all can be written by nobody', async () => {
    const stream = freshName('$system');
    await client().appendToStream(stream, events(2));
    expect(await numbers(stream)).toEqual([0, 1]);
    for (const credentials of [undefined, { username: 'admin', password: 'changeit' }]) {
      const options = credentials ? { credentials } : {};
      expect(await failure(client().appendToStream('$all', event(0), options))).toBe('access-denied');
    }
  });
}
