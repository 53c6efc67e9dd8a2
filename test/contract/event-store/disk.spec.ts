import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTables } from '../../../libs/embedded-eventstore/lmdb-tables.js';
import type { Tables } from '../../../libs/embedded-eventstore/lmdb-tables.js';
import { startNode } from '../../../libs/embedded-eventstore/node.js';
import type { EmbeddedNode } from '../../../libs/embedded-eventstore/node.js';
import { describeEventStore } from './event-store.contract.js';
import { collect, connect, event, events, failure, freshName, seen } from './harness.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-store-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeEventStore('the embedded node on disk', () => startNode({ dataDir: join(folder, 'contract') }));

describe('the embedded node, opened again', () => {
  it('holds the same log, goes on with fresh positions, and knows every id', async () => {
    const dataDir = join(folder, 'again');
    const stream = freshName();
    const batch = events(3);
    const first = await startNode({ dataDir });
    const before = connect(first);
    const wrote = await before.appendToStream(stream, batch, { expectedRevision: 'no_stream' });
    const log = (await collect(before.readAll())).map((e) => e.event);
    await before.dispose();
    await first.stop();

    const second = await startNode({ dataDir });
    const after = connect(second);
    expect((await collect(after.readAll())).map((e) => e.event)).toEqual(log);
    for (const expectedRevision of ['any', 'no_stream', 'stream_exists'] as const) {
      const again = await after.appendToStream(stream, batch, { expectedRevision });
      expect(again).toEqual(wrote);
    }
    expect(await failure(after.appendToStream(stream, event(9), { expectedRevision: 'no_stream' }))).toBe(
      'wrong-expected-version',
    );
    const next = await after.appendToStream(stream, event(9), { expectedRevision: 2n });
    expect(next.nextExpectedRevision).toBe(3n);
    expect((next.position?.commit ?? 0n) > (wrote.position?.commit ?? 0n)).toBe(true);
    expect((await collect(after.readAll())).map(seen)).toHaveLength(log.length + 1);
    await after.dispose();
    await second.stop();
  });

  it('keeps streams apart whose names are longer than a key may be', async () => {
    const node = await startNode({ dataDir: join(folder, 'long') });
    const client = connect(node);
    const [one, two] = [`${'ü'.repeat(2000)}1`, `${'ü'.repeat(2000)}2`];
    await client.appendToStream(one, events(1));
    await client.appendToStream(two, events(2));
    expect((await collect(client.readStream(one))).map(seen)).toEqual([`${one}@0`]);
    expect((await collect(client.readStream(two))).map(seen)).toEqual([`${two}@0`, `${two}@1`]);
    await client.dispose();
    await node.stop();
  });
});

describe('what is kept beside the log', () => {
  const dataDir = (): string => join(folder, 'derived');
  const streams = Array.from({ length: 3 }, () => freshName());
  const batches = streams.map(() => events(700));
  let all: unknown[];

  /** Everything that index, heads and ids are there for. */
  async function checkEverything(node: EmbeddedNode): Promise<void> {
    const client = connect(node);
    expect((await collect(client.readAll())).map((e) => e.event)).toEqual(all);
    for (const [i, stream] of streams.entries()) {
      const batch = batches[i] ?? [];
      const numbers = (await collect(client.readStream(stream))).map((e) => Number(e.event?.revision));
      expect(numbers).toEqual(i === 0 ? [698, 699] : batch.map((_, n) => n));
      const exact = await client.appendToStream(stream, batch, { expectedRevision: 'no_stream' });
      expect(exact.nextExpectedRevision).toBe(699n);
      // One id of the first stream was written elsewhere later, and is known there only.
      const any = await failure(client.appendToStream(stream, batch, { expectedRevision: 'any' }));
      expect(any).toBe(i === 0 ? 'wrong-expected-version' : 'no failure');
      const refused = client.appendToStream(stream, event(1), { expectedRevision: 'no_stream' });
      expect(await failure(refused)).toBe('wrong-expected-version');
    }
    expect(await failure(client.deleteStream('gone'))).toBe('stream-deleted');
    await client.dispose();
  }

  beforeAll(async () => {
    const node = await startNode({ dataDir: dataDir() });
    const client = connect(node);
    for (const [i, stream] of streams.entries()) await client.appendToStream(stream, batches[i] ?? []);
    await client.appendToStream('elsewhere', event(0, batches[0]?.[3]?.id));
    await client.setStreamMetadata(streams[0] ?? '', { maxCount: 2 });
    await client.appendToStream('gone', event(0));
    await client.tombstoneStream('gone');
    all = (await collect(client.readAll())).map((e) => e.event);
    await client.dispose();
    await node.stop();
  });

  it('is left alone where it fits', async () => {
    const node = await startNode({ dataDir: dataDir() });
    expect(node.rebuilt).toBe(false);
    await node.stop();
  });

  for (const [damage, spoil] of [
    ['an index that is empty', (tables) => tables.index.clearAsync()],
    ['heads that are empty', (tables) => tables.heads.clearAsync()],
    ['ids that are empty', (tables) => tables.ids.clearAsync()],
    ['all of it gone', (tables) => Promise.all([tables.index, tables.heads, tables.ids].map((t) => t.clearAsync()))],
    ['an entry of the index gone', (tables) => removeOne(tables.index)],
    ['an entry of the heads gone', (tables) => removeOne(tables.heads)],
    ['an entry of the ids gone', (tables) => removeOne(tables.ids)],
    ['a rebuilding that did not end', (tables) => tables.meta.remove(Buffer.from('counts'))],
  ] as const satisfies readonly (readonly [string, (tables: Tables) => Promise<unknown>])[]) {
    it(`is built again from the log: ${damage}`, async () => {
      const tables = await openTables(dataDir());
      await spoil(tables);
      await tables.root.flushed;
      await tables.root.close();
      const node = await startNode({ dataDir: dataDir() });
      expect(node.rebuilt).toBe(true);
      await checkEverything(node);
      await node.stop();
      const again = await startNode({ dataDir: dataDir() });
      expect(again.rebuilt).toBe(false);
      await again.stop();
    });
  }

  it('is built again where that is asked for', async () => {
    const node = await startNode({ dataDir: dataDir(), rebuild: true });
    expect(node.rebuilt).toBe(true);
    await checkEverything(node);
    await node.stop();
  });
});

async function removeOne(table: Tables['index']): Promise<void> {
  const [first] = [...table.getKeys({ limit: 1 })];
  if (first) await table.remove(first);
}

describe('a data folder', () => {
  it('is refused while another node has it open, by any path, and is free after the stop', async () => {
    const dataDir = join(folder, 'locked');
    const node = await startNode({ dataDir });
    const link = join(folder, `link-${randomUUID()}`);
    await symlink(dataDir, link);
    for (const path of [dataDir, link]) {
      const refused = startNode({ dataDir: path });
      await expect(refused).rejects.toMatchObject({ code: 'data_dir_in_use' });
      await expect(refused).rejects.toThrow(dataDir);
    }
    await node.stop();
    await (await startNode({ dataDir })).stop();
  });
});

describe('a stop', () => {
  it('answers what was accepted, ends subscriptions, and loses nothing', async () => {
    const dataDir = join(folder, 'stop');
    const node = await startNode({ dataDir });
    const client = connect(node);
    const stream = freshName();
    await client.appendToStream(stream, event(0));
    const subscription = client.subscribeToAll();
    subscription.on('data', () => undefined);
    const ended = new Promise<unknown>((resolve) => subscription.once('error', resolve));
    const appends = Array.from({ length: 50 }, (_, n) => failure(client.appendToStream(stream, event(n))));
    await appends[0];
    await node.stop();
    expect(await ended).toMatchObject({ type: 'cancelled' });
    const answered = (await Promise.all(appends)).filter((outcome) => outcome === 'no failure').length;
    await client.dispose();

    const again = await startNode({ dataDir });
    const reader = connect(again);
    expect((await collect(reader.readStream(stream))).length).toBeGreaterThanOrEqual(answered + 1);
    await reader.dispose();
    await again.stop();
  });
});
