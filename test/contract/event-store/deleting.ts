import { describe, expect, it } from '@jest/globals';
import { FORWARDS, START, jsonEvent } from '@eventstore/db-client';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { appendBy } from './appending.js';
import { collect, event, events, failure, freshName, notice, seen } from './harness.js';

const DELETED = 9_223_372_036_854_775_807n;

/** Delete, tombstone, and what either leaves behind. */
export function describeDeleting(client: () => EventStoreDBClient): void {
  const read = async (stream: string) => (await collect(client().readStream(stream))).map(seen);
  const metadataOf = async (stream: string) => {
    const [last] = await collect(client().readStream(`$$${stream}`, { direction: FORWARDS, fromRevision: START }));
    return last?.event?.data;
  };
  const filled = async (count = 3, prefix = 'deleted') => {
    const stream = freshName(prefix);
    await client().appendToStream(stream, events(count));
    return stream;
  };

  describe('a delete', () => {
    it('hides the stream, answers the position of its event, and leaves $all as it was', async () => {
      const stream = await filled();
      const { position } = await client().deleteStream(stream, { expectedRevision: 2n });
      expect(await failure(collect(client().readStream(stream)))).toBe('stream-not-found');
      const [written] = await collect(client().readAll({ fromPosition: position ?? START, maxCount: 1 }));
      expect(written?.event).toMatchObject({ streamId: `$$${stream}`, type: '$metadata', position });
      const all = (await collect(client().readAll())).map(seen);
      expect(all).toEqual(expect.arrayContaining([`${stream}@0`, `${stream}@1`, `${stream}@2`]));
    });

    it('is refused when the stream is not as expected', async () => {
      const stream = await filled();
      for (const expectedRevision of [1n, 3n, 'no_stream'] as const) {
        const refused = client().deleteStream(stream, { expectedRevision });
        const expectedVersion = expectedRevision === 'no_stream' ? -1n : expectedRevision;
        await expect(refused).rejects.toMatchObject({
          type: 'wrong-expected-version',
          streamName: stream,
          expectedVersion,
          actualVersion: 2n,
        });
      }
      const missing = freshName();
      for (const expectedRevision of ['any', 'no_stream', 0n] as const) {
        const refused = client().deleteStream(missing, { expectedRevision });
        await expect(refused).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: -1n });
      }
      expect(await read(stream)).toHaveLength(3);
    });

    it('is denied for $all and for metadata', async () => {
      const stream = await filled();
      for (const name of ['$all', `$$${stream}`]) {
        expect(await failure(client().deleteStream(name))).toBe('access-denied');
        expect(await failure(client().tombstoneStream(name))).toBe('access-denied');
      }
    });

    for (const call of ['Append', 'BatchAppend'] as const) {
      const append = appendBy(client, call);

      for (const expected of ['any', 'no_stream', 2n] as const) {
        it(`is undone by ${call} expecting ${expected}: numbers go on, what was there stays hidden`, async () => {
          const stream = await filled();
          await client().deleteStream(stream);
          const batch = events(2);
          const wrote = await append(stream, batch, expected);
          expect(wrote.nextExpectedRevision).toBe(4n);
          const after = await collect(client().readStream(stream));
          expect(after.map(seen)).toEqual([`${stream}@3`, `${stream}@4`]);
          // The answer names the last event, not the metadata that was rewritten with it.
          expect(wrote.position).toEqual(after.at(-1)?.event?.position);
          expect((await client().getStreamMetadata(stream)).metadata).toMatchObject({ truncateBefore: 3 });
          // A retry that expects no stream looks at the first events of all, which are others.
          if (expected !== 'no_stream') expect(await append(stream, batch, expected)).toEqual(wrote);
          else expect(await failure(append(stream, batch, expected))).toBe('wrong-expected-version');
        });
      }

      it(`makes ${call} expecting stream_exists fail as deleted`, async () => {
        const stream = await filled();
        await client().deleteStream(stream);
        const refused = append(stream, events(1), 'stream_exists');
        await expect(refused).rejects.toMatchObject({ type: 'stream-deleted', streamName: stream });
      });

      it(`makes ${call} expecting another number fail as ever`, async () => {
        const stream = await filled();
        await client().deleteStream(stream);
        for (const expected of [0n, 1n, 3n] as const) {
          expect(await failure(append(stream, events(1), expected))).toBe('wrong-expected-version');
        }
      });
    }

    it('can be repeated, also after the stream came back', async () => {
      const stream = await filled();
      await client().deleteStream(stream);
      await client().deleteStream(stream);
      await client().appendToStream(stream, event(3));
      expect(await read(stream)).toEqual([`${stream}@3`]);
      await client().deleteStream(stream, { expectedRevision: 3n });
      expect(await failure(collect(client().readStream(stream)))).toBe('stream-not-found');
    });

    it('is undone by writing metadata, which keeps its other keys', async () => {
      const stream = await filled();
      await client().deleteStream(stream);
      await client().setStreamMetadata(stream, { maxCount: 7, color: 'blue' });
      expect(await metadataOf(stream)).toEqual({ $tb: 3, $maxCount: 7, color: 'blue' });
      expect(await read(stream)).toEqual([]);
      await client().appendToStream(stream, event(3));
      expect(await read(stream)).toEqual([`${stream}@3`]);
    });

    it('keeps the other keys of the metadata when the stream comes back', async () => {
      const stream = await filled();
      const raw = jsonEvent({ type: '$metadata', data: { $tb: Number.MAX_SAFE_INTEGER, owner: 'x' } });
      await client().appendToStream(`$$${stream}`, raw);
      expect(await read(stream)).toEqual([]);
      await client().deleteStream(stream);
      await client().appendToStream(stream, event(3));
      // A delete replaces the metadata; only what stands beside its `$tb` is kept.
      expect(await metadataOf(stream)).toEqual({ $tb: 3 });
    });

    it('of a stream with metadata alone hides nothing and is no error', async () => {
      const stream = freshName();
      await client().setStreamMetadata(stream, { owner: 'x' });
      await client().deleteStream(stream);
      expect(await failure(collect(client().readStream(stream)))).toBe('stream-not-found');
      expect((await client().appendToStream(stream, event(0))).nextExpectedRevision).toBe(0n);
      expect(await read(stream)).toEqual([`${stream}@0`]);
    });

    it('lets a subscription wait for the stream to come back', async () => {
      const stream = await filled();
      await client().deleteStream(stream);
      const subscription = client().subscribeToStream(stream);
      const first = new Promise<string>((resolve) => subscription.once('data', (resolved) => resolve(seen(resolved))));
      await notice(subscription, 'caughtUp');
      await client().appendToStream(stream, event(3));
      expect(await first).toBe(`${stream}@3`);
      await subscription.unsubscribe();
    });
  });

  describe('a tombstone', () => {
    it('ends the stream for every call, for ever', async () => {
      const stream = await filled(3, 'tombstone-ü');
      const { position } = await client().tombstoneStream(stream, { expectedRevision: 2n });
      const [written] = await collect(client().readAll({ fromPosition: position ?? START, maxCount: 1 }));
      expect(written?.event).toMatchObject({ streamId: stream, type: '$streamDeleted', revision: DELETED });
      for (const call of [
        () => collect(client().readStream(stream)),
        () => collect(client().readStream(`$$${stream}`)),
        () => client().deleteStream(stream),
        () => client().tombstoneStream(stream),
        ...(['any', 'no_stream', 'stream_exists', 2n] as const).flatMap((expected) =>
          (['Append', 'BatchAppend'] as const).flatMap((name) => [
            () => appendBy(client, name)(stream, events(1), expected),
            () => appendBy(client, name)(`$$${stream}`, events(1), expected),
          ]),
        ),
      ]) {
        expect(await failure(call())).toBe('stream-deleted');
      }
    });

    it('names the stream, percent-encoded where it must be', async () => {
      const stream = await filled(1, 'tombstone ü%');
      await client().tombstoneStream(stream);
      const encoded = stream.replace('ü', '%C3%BC');
      await expect(client().deleteStream(stream)).rejects.toMatchObject({ streamName: encoded });
      const batch = appendBy(client, 'BatchAppend')(stream, events(1), 'any');
      await expect(batch).rejects.toMatchObject({ streamName: stream });
    });

    it('can be set on a stream that never was, and on one that was deleted', async () => {
      for (const expectedRevision of ['any', 'no_stream'] as const) {
        const stream = freshName();
        await client().tombstoneStream(stream, { expectedRevision });
        expect(await failure(client().appendToStream(stream, event(0)))).toBe('stream-deleted');
      }
      const deleted = await filled();
      await client().deleteStream(deleted);
      await client().tombstoneStream(deleted, { expectedRevision: 2n });
      expect(await failure(collect(client().readStream(deleted)))).toBe('stream-deleted');
    });

    it('is refused when the stream is not as expected', async () => {
      const stream = await filled();
      for (const expectedRevision of [1n, 3n, 'no_stream'] as const) {
        expect(await failure(client().tombstoneStream(stream, { expectedRevision }))).toBe('wrong-expected-version');
      }
      expect(await failure(client().tombstoneStream(freshName(), { expectedRevision: 0n }))).toBe(
        'wrong-expected-version',
      );
      expect(await read(stream)).toHaveLength(3);
    });

    it('reaches a live subscription as its last event, and refuses a new one', async () => {
      const stream = await filled(1);
      const subscription = client().subscribeToStream(stream);
      const got: string[] = [];
      subscription.on('data', ({ event: e }) => got.push(`${e?.type}@${e?.revision}`));
      const ended = new Promise<unknown>((resolve) => subscription.once('error', resolve));
      await notice(subscription, 'caughtUp');
      await client().tombstoneStream(stream);
      expect(await ended).toMatchObject({ type: 'stream-deleted' });
      expect(got).toEqual(['Counted@0', `$streamDeleted@${DELETED}`]);
      const late = client().subscribeToStream(stream);
      late.on('data', () => undefined);
      expect(await new Promise((resolve) => late.once('error', resolve))).toMatchObject({ type: 'stream-deleted' });
    });
  });
}
