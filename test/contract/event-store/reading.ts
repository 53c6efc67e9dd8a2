import { expect, it } from '@jest/globals';
import { BACKWARDS, END, START, binaryEvent, jsonEvent } from '@eventstore/db-client';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { collect, events, failure, freshName, seen } from './harness.js';

/** Reads of streams and of `$all`. */
export function describeReading(client: () => EventStoreDBClient): void {
  const numbers = async (stream: string, options: Parameters<EventStoreDBClient['readStream']>[1]) =>
    (await collect(client().readStream(stream, options))).map((e) => Number(e.event?.revision));

  it('reads a stream in both directions, from a revision inclusive, up to a count', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(5));
    expect(await numbers(stream, {})).toEqual([0, 1, 2, 3, 4]);
    expect(await numbers(stream, { fromRevision: 2n })).toEqual([2, 3, 4]);
    expect(await numbers(stream, { fromRevision: 1n, maxCount: 2 })).toEqual([1, 2]);
    expect(await numbers(stream, { fromRevision: 9n })).toEqual([]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: END })).toEqual([4, 3, 2, 1, 0]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: 2n })).toEqual([2, 1, 0]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: 1_000_000n, maxCount: 1 })).toEqual([4]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: START })).toEqual([0]);
  });

  it('reads more events than a page holds', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(1500));
    expect(await numbers(stream, {})).toEqual(Array.from({ length: 1500 }, (_, n) => n));
    const back = await numbers(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1300 });
    expect(back).toEqual(Array.from({ length: 1300 }, (_, n) => 1499 - n));
  });

  it('says that a stream does not exist', async () => {
    expect(await failure(collect(client().readStream(freshName())))).toBe('stream-not-found');
  });

  it('gives back what was appended: names and data in any script, metadata, binary data, time', async () => {
    const stream = freshName('straße-東京-🏢');
    const before = Date.now();
    const json = jsonEvent({ type: 'Größe', data: { 名: 'é🎈' }, metadata: { by: 'Łukasz' } });
    const binary = binaryEvent({ type: 'Bytes', data: Uint8Array.of(0, 255, 128) });
    await client().appendToStream(stream, [json, binary]);
    const [first, second] = (await collect(client().readStream(stream))).map((e) => e.event);
    expect(first).toMatchObject({ id: json.id, type: 'Größe', streamId: stream, isJson: true, data: { 名: 'é🎈' } });
    expect(first?.metadata).toEqual({ by: 'Łukasz' });
    expect(second).toMatchObject({ id: binary.id, isJson: false });
    expect(Buffer.from(Object(second?.data))).toEqual(Buffer.from([0, 255, 128]));
    expect(Math.abs((first?.created.getTime() ?? 0) - before)).toBeLessThan(60_000);
  });

  it('reads $all forwards inclusive and backwards exclusive of a position', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(3));
    const stored = await collect(client().readStream(stream));
    const middle = stored[1]?.event?.position ?? START;
    const forwards = await collect(client().readAll({ fromPosition: middle, maxCount: 2 }));
    expect(forwards.map(seen)).toEqual([`${stream}@1`, `${stream}@2`]);
    const backwards = await collect(client().readAll({ direction: BACKWARDS, fromPosition: middle, maxCount: 1 }));
    expect(backwards.map(seen)).toEqual([`${stream}@0`]);
    const last = await collect(client().readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
    expect(last.map(seen)).toEqual([`${stream}@2`]);
    expect(await collect(client().readAll({ fromPosition: END }))).toEqual([]);
  });

  it('orders $all by strictly increasing positions, the same forwards and backwards', async () => {
    await Promise.all(
      [freshName(), freshName(), freshName()].map((name) => client().appendToStream(name, events(400))),
    );
    const forwards = await collect(client().readAll());
    const positions = forwards.map((e) => e.event?.position?.commit ?? -1n);
    expect(positions.every((position, i) => i === 0 || position > (positions[i - 1] ?? position))).toBe(true);
    const backwards = await collect(client().readAll({ direction: BACKWARDS, fromPosition: END }));
    expect(backwards.map(seen).reverse()).toEqual(forwards.map(seen));
  });

  it('has no user event at position 0', async () => {
    const [first] = await collect(client().readAll({ maxCount: 1 }));
    expect(first?.event?.streamId.startsWith('$')).toBe(true);
  });

  it('answers the position of the last event of a batch, equal to its place in $all', async () => {
    const stream = freshName();
    const { position } = await client().appendToStream(stream, events(3));
    const [found] = await collect(client().readAll({ fromPosition: position ?? START, maxCount: 1 }));
    expect(found && seen(found)).toBe(`${stream}@2`);
    expect(position?.commit).toBe(position?.prepare);
  });

  it('refuses a position whose commit lies before its prepare', async () => {
    const read = collect(client().readAll({ fromPosition: { commit: 1n, prepare: 2n } }));
    await expect(read).rejects.toThrow();
  });

  it('survives a reader that leaves early', async () => {
    const stream = freshName();
    await client().appendToStream(stream, events(1000));
    for (let n = 0; n < 20; n++) {
      const read = client().readStream(stream);
      for await (const _ of read) {
        await read.cancel();
        break;
      }
    }
    expect(await numbers(stream, { maxCount: 1 })).toEqual([0]);
  });
}
