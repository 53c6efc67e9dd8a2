import { randomUUID } from 'node:crypto';
import { binaryEvent, EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { TargetDiffers } from './compare.js';
import { copyLog } from './copy-log.js';
import { EsdbLog } from './esdb-log.js';
import {
  AppendConflict,
  canonicalBytes,
  type EventLog,
  isSystemStream,
  type LogEvent,
  type WritableLog,
} from './log-event.js';
import { NotCopyable } from './survey.js';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

interface Side {
  readonly node: EmbeddedNode;
  readonly client: EventStoreDBClient;
  readonly log: EsdbLog;
}

async function side(decidesInOrder = false): Promise<Side> {
  const node = await startNode({});
  const client = EventStoreDBClient.connectionString(node.connectionString);
  const log = new EsdbLog(node.connectionString, { decidesInOrder });
  ended.push(
    () => node.stop(),
    () => client.dispose(),
    () => log.close(),
  );
  return { node, client, log };
}

async function allOf(log: EventLog): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for await (const page of log.pages()) events.push(...page);
  return events.filter(({ stream }) => !isSystemStream(stream));
}

const bytesOf = async (log: EventLog) => (await allOf(log)).map((event) => canonicalBytes(event).toString('latin1'));

let source: Side;
let target: Side;
const revisions = new Map<string, bigint>();

async function append(stream: string, count: number, of = source): Promise<void> {
  const revision = revisions.get(stream);
  const events = Array.from({ length: count }, (_, i) => {
    const metadata = { occurredAt: new Date(1_700_000_000_000 + i).toISOString(), commandId: randomUUID() };
    return jsonEvent({ type: 'Told', data: { text: `öäü ${i} \u{1F600}`, i }, metadata });
  });
  const result = await of.client.appendToStream(stream, events, { expectedRevision: revision ?? NO_STREAM });
  revisions.set(stream, result.nextExpectedRevision);
}

/** Streams that take turns, and bytes that no client of JSON would write again like this. */
async function fill(): Promise<void> {
  for (let round = 0; round < 20; round++) for (const id of ['a', 'b', 'c']) await append(`org-${id}`, 1 + (round % 3));
  const odd = new TextEncoder().encode('{"b": 1.0, "a":12345678901234567890}\n');
  await source.log.append([
    [
      {
        stream: 'org-ödd name',
        revision: 0n,
        id: randomUUID(),
        type: 'Odd type ☃',
        contentType: 'application/json',
        data: odd,
        metadata: new TextEncoder().encode(' {"k" :"v"}'),
        position: { commit: 0n, prepare: 0n },
      },
    ],
  ]);
  await source.client.appendToStream('blob', binaryEvent({ type: 'Bytes', data: new Uint8Array([0, 255, 128, 10]) }));
  await source.client.appendToStream('$settings-of-mine', jsonEvent({ type: '$thing', data: {} }));
  await append('org-a', 2);
}

beforeEach(async () => {
  revisions.clear();
  [source, target] = [await side(), await side()];
});

describe.each([
  ['each waits for the one before', false],
  ['many are under way at once', true],
])('a log copied by appends of which %s', (_, decidesInOrder) => {
  beforeEach(async () => {
    target = await side(decidesInOrder);
  });

  it('holds every event of every user stream, in the same order, byte by byte', async () => {
    await fill();
    const report = await copyLog(source.log, target.log);
    const expected = await bytesOf(source.log);
    expect(await bytesOf(target.log)).toEqual(expected);
    expect(report).toMatchObject({ present: 0, common: expected.length, total: expected.length, streams: 5 });
    expect(await allOf(target.log)).toContainEqual(
      expect.objectContaining({ stream: 'org-ödd name', type: 'Odd type ☃', contentType: 'application/json' }),
    );
  });

  it('is left as it is by a second run, and continued where the source went on', async () => {
    await fill();
    const first = await copyLog(source.log, target.log);
    expect(await copyLog(source.log, target.log)).toEqual({ ...first, present: first.total });
    await append('org-b', 3);
    await append('org-new', 1);
    const more = await copyLog(source.log, target.log);
    expect([more.present, more.total]).toEqual([first.total, first.total + 4]);
    expect(more.digest).not.toBe(first.digest);
    expect(await bytesOf(target.log)).toEqual(await bytesOf(source.log));
  });

  it('is completed by the next run, wherever one was stopped', async () => {
    await fill();
    for (const stopAfter of [1, 2, 17, 40]) {
      const stopping: WritableLog = {
        pages: (after) => target.log.pages(after),
        append: async (runs) => {
          await target.log.append(runs.slice(0, stopAfter));
          throw new Error('stopped');
        },
      };
      await expect(copyLog(source.log, stopping)).rejects.toThrow('stopped');
    }
    const { present, total } = await copyLog(source.log, target.log);
    expect(present).toBeGreaterThanOrEqual(40);
    expect(present).toBeLessThan(total);
    expect(await bytesOf(target.log)).toEqual(await bytesOf(source.log));
  });

  it('takes along what is written while it is made', async () => {
    await fill();
    let passes = 0;
    const going: EventLog = {
      async *pages(after) {
        if (++passes === 2) await append('org-late', 2);
        yield* source.log.pages(after);
      },
    };
    const { present, total } = await copyLog(going, target.log);
    expect([present, total]).toEqual([0, (await allOf(source.log)).length]);
    expect(await bytesOf(target.log)).toEqual(await bytesOf(source.log));
  });

  it('of an empty log is empty', async () => {
    expect(await copyLog(source.log, target.log)).toMatchObject({ total: 0, present: 0, last: undefined });
  });

  it('is read in pages and appended in parts, whatever the size of its events', async () => {
    const large = 'x'.repeat(200_000);
    for (let i = 0; i < 45; i++)
      await source.client.appendToStream('org-large', jsonEvent({ type: 'Large', data: { i, large } }));
    for (let i = 0; i < 3; i++) await append('org-many', 700);
    await append('org-after', 1);
    expect(await copyLog(source.log, target.log)).toMatchObject({ total: 2146 });
  });
});

describe('a target is refused, and stays as it is', () => {
  const refused = async (error: unknown) => {
    const before = await allOf(target.log);
    await expect(copyLog(source.log, target.log)).rejects.toThrow(error as Error);
    expect(await allOf(target.log)).toEqual(before);
  };

  it('when it holds another log', async () => {
    await fill();
    await target.client.appendToStream('org-a', jsonEvent({ type: 'Foreign', data: {} }));
    await refused(TargetDiffers);
  });

  it('when it holds an event in another place', async () => {
    await append('org-a', 1);
    await append('org-b', 1);
    const [a, b] = await allOf(source.log);
    if (a === undefined || b === undefined) throw new Error('two events were appended');
    await target.log.append([[b]]);
    await target.log.append([[a]]);
    await refused(/Told .* \(org-b, revision 0\) where the source has Told .* \(org-a, revision 0\), as event 1/);
  });

  it.each(['data', 'metadata'] as const)('when one byte of the %s is another', async (part) => {
    await append('org-a', 2);
    const [first] = await allOf(source.log);
    if (first === undefined) throw new Error('two events were appended');
    const bytes = Uint8Array.from(first[part]);
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    await target.log.append([[{ ...first, [part]: bytes }]]);
    await refused(TargetDiffers);
  });

  it('when it went on by itself', async () => {
    await fill();
    await copyLog(source.log, target.log);
    await target.client.appendToStream('org-own', jsonEvent({ type: 'Own', data: {} }));
    await refused(/holds Own .* \(org-own, revision 0\), after the source's end/);
  });

  it('when somebody else writes to it meanwhile', async () => {
    await fill();
    let passes = 0;
    const watched: EventLog = {
      async *pages(after) {
        // The first pass compares, the second one copies.
        if (++passes === 2) await target.client.appendToStream('org-c', jsonEvent({ type: 'Intruder', data: {} }));
        yield* source.log.pages(after);
      },
    };
    await expect(copyLog(watched, target.log)).rejects.toThrow(AppendConflict);
    await refused(TargetDiffers);
  });
});

describe('a stream that no copy can keep is named before anything is written', () => {
  const meta = (stream: string, settings: object) =>
    source.client.appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data: settings as never }));

  it.each([[{ $tb: Number.MAX_SAFE_INTEGER }], [{ $maxCount: 2 }], [{ $maxAge: 60 }]])(
    'by its setting %j',
    async (settings) => {
      await fill();
      await meta('org-b', settings);
      await expect(copyLog(source.log, target.log)).rejects.toThrow(NotCopyable);
      await expect(copyLog(source.log, target.log)).rejects.toThrow(
        /stream org-b of the source is deleted or truncated/,
      );
      expect(await allOf(target.log)).toEqual([]);
    },
  );

  it('unless the setting was taken back', async () => {
    await fill();
    await meta('org-b', { $maxCount: 2 });
    await meta('org-b', { $acl: { $r: 'ops' } });
    await copyLog(source.log, target.log);
    expect(await bytesOf(target.log)).toEqual(await bytesOf(source.log));
  });

  it('by a tombstone, and by a gap in its revisions', async () => {
    await append('org-a', 3);
    const events = await allOf(source.log);
    const [first, second, third] = events;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were appended');
    const made = (list: readonly LogEvent[]): EventLog => ({
      async *pages() {
        yield list;
      },
    });
    const tombstone = { ...third, type: '$streamDeleted', revision: 9223372036854775807n };
    await expect(copyLog(made([first, tombstone]), target.log)).rejects.toThrow(/org-a .* was deleted for ever/);
    await expect(copyLog(made([first, third]), target.log)).rejects.toThrow(/org-a .* revision 1 to 1/);
    expect(await allOf(target.log)).toEqual([]);
  });
});

it.each([false, true])(
  'an append that is repeated finds its own events, and conflicts with others (%s)',
  async (decidesInOrder) => {
    target = await side(decidesInOrder);
    await append('org-a', 2);
    const [first, second] = await allOf(source.log);
    if (first === undefined || second === undefined) throw new Error('two events were appended');
    await target.log.append([[first, second]]);
    await target.log.append([[first, second]]);
    expect(await allOf(target.log)).toHaveLength(2);
    await expect(target.log.append([[{ ...second, revision: 0n, id: randomUUID() }]])).rejects.toThrow(AppendConflict);
    await expect(target.log.append([[{ ...second, revision: 9n }]])).rejects.toThrow(/does not end at revision 8/);
  },
);
