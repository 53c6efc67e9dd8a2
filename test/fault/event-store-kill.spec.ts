import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import type { AppendExpectedRevision, AppendResult, EventData } from '@eventstore/db-client';
import { endNodes, nodeInChild } from './event-store-child.js';

const ROUNDS = 8;
const WRITERS = 6;

interface Attempt {
  readonly stream: string;
  readonly expected: AppendExpectedRevision;
  readonly batch: EventData[];
}

interface Writer {
  readonly stream: string;
  /** Ids of all answered appends, in order. */
  readonly ids: string[];
  /** The append whose outcome the kill left unknown. */
  unknown: Attempt | undefined;
  /** Appends with `any` instead of the exact revision. */
  readonly any: boolean;
}

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'event-store-kill-'));
});
afterAll(endNodes);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const batchOf = (size: number) =>
  Array.from({ length: size }, (_, n) =>
    jsonEvent({ type: 'Written', data: { n, size, pad: 'x'.repeat(randomInt(3000)) } }),
  );

function append(client: EventStoreDBClient, { stream, expected, batch }: Attempt): Promise<AppendResult> {
  return client.appendToStream(stream, batch, { expectedRevision: expected });
}

async function writeUntilKilled(client: EventStoreDBClient, writer: Writer): Promise<void> {
  for (;;) {
    const revision = BigInt(writer.ids.length) - 1n;
    const exact = revision < 0n ? 'no_stream' : revision;
    const attempt = {
      stream: writer.stream,
      expected: writer.any ? 'any' : exact,
      batch: batchOf(randomInt(1, 6)),
    } as const;
    try {
      const { nextExpectedRevision } = await append(client, attempt);
      writer.ids.push(...attempt.batch.map(({ id }) => id));
      expect(nextExpectedRevision).toBe(BigInt(writer.ids.length - 1));
    } catch (error) {
      if (!(error instanceof Error) || error.message.includes('expect(')) throw error;
      writer.unknown = attempt;
      return;
    }
  }
}

async function stored(client: EventStoreDBClient) {
  const byStream = new Map<string, string[]>();
  let last = -1n;
  for await (const { event } of client.readAll()) {
    if (!event) continue;
    const ids = byStream.get(event.streamId) ?? [];
    byStream.set(event.streamId, ids);
    expect(event.revision).toBe(BigInt(ids.length));
    expect(event.position !== undefined && event.position.commit > last).toBe(true);
    last = event.position?.commit ?? last;
    ids.push(event.id);
  }
  return { byStream, last };
}

it('keeps every answered append, and no part of any other, through kills at any instant', async () => {
  const writers: Writer[] = Array.from({ length: WRITERS }, (_, n) => ({
    stream: `writer-${n}`,
    ids: [],
    unknown: undefined,
    any: n % 3 === 2,
  }));
  let highest = -1n;
  let found = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const node = await nodeInChild(dataDir);
    const client = EventStoreDBClient.connectionString(node.connectionString);
    const { byStream, last } = await stored(client);
    expect(last).toBeGreaterThanOrEqual(highest);
    for (const writer of writers) {
      const there = byStream.get(writer.stream) ?? [];
      const unknown = writer.unknown?.batch.map(({ id }) => id) ?? [];
      const whole = there.length > writer.ids.length ? [...writer.ids, ...unknown] : writer.ids;
      expect(there).toEqual(whole);
      if (there.length > writer.ids.length) found += 1;
      if (!writer.unknown) continue;
      // Same ids, same expectation: written now or then, but once.
      const again = await append(client, writer.unknown);
      writer.ids.push(...unknown);
      writer.unknown = undefined;
      expect(again.nextExpectedRevision).toBe(BigInt(writer.ids.length - 1));
      expect(again.position?.commit ?? 0n).toBeGreaterThan(0n);
    }
    const healed = await stored(client);
    for (const { stream, ids } of writers) expect(healed.byStream.get(stream) ?? []).toEqual(ids);
    highest = healed.last;
    if (round < ROUNDS) {
      const writing = Promise.all(writers.map((writer) => writeUntilKilled(client, writer)));
      await sleep(randomInt(20, 400));
      await node.kill('SIGKILL');
      await writing;
    } else await node.kill('SIGKILL');
    await client.dispose();
  }
  expect(writers.every(({ ids }) => ids.length > 0)).toBe(true);
  // Not a promise of the node: it shows that the kills did come between a write and its answer now and then.
  process.stdout.write(`appends found written though never answered: ${found}\n`);
}, 120_000);
