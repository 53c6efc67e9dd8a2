import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { AppendExpectedRevision, AppendResult, EventData, EventStoreDBClient } from '@eventstore/db-client';
import { blob, collect, event, events, failure, freshName } from './harness.js';

type Append = (stream: string, batch: EventData[], expectedRevision: AppendExpectedRevision) => Promise<AppendResult>;

/** The client uses `Append` when credentials are given with the call, and `BatchAppend` otherwise. */
export function appendBy(client: () => EventStoreDBClient, call: 'Append' | 'BatchAppend'): Append {
  const credentials = call === 'Append' ? { credentials: { username: 'admin', password: 'changeit' } } : {};
  return (stream, batch, expectedRevision) =>
    client().appendToStream(stream, batch, { expectedRevision, ...credentials });
}

const [A, B, C, D, X, Y] = ['A', 'B', 'C', 'D', 'X', 'Y'] as const;
type Name = typeof A | typeof B | typeof C | typeof D | typeof X | typeof Y;
type Outcome = 'writes' | 'idempotent' | 'refused';

/** The stream holds A B C (revisions 0 1 2); each row appends ids with an expectation. */
const TABLE: readonly (readonly [expected: AppendExpectedRevision, ids: readonly Name[], Outcome])[] = [
  ['any', [X], 'writes'],
  ['any', [X, Y], 'writes'],
  ['any', [A], 'idempotent'],
  ['any', [A, B], 'idempotent'],
  ['any', [C, A], 'idempotent'],
  ['any', [A, X], 'refused'],
  ['any', [X, A], 'writes'],
  ['stream_exists', [X], 'writes'],
  ['stream_exists', [B, C], 'idempotent'],
  ['stream_exists', [C, X], 'refused'],
  ['no_stream', [A], 'idempotent'],
  ['no_stream', [A, B, C], 'idempotent'],
  ['no_stream', [B], 'refused'],
  ['no_stream', [X], 'refused'],
  ['no_stream', [A, C], 'refused'],
  ['no_stream', [A, B, C, D], 'refused'],
  ['no_stream', [], 'refused'],
  [0n, [B], 'idempotent'],
  [0n, [B, C], 'idempotent'],
  [0n, [A], 'refused'],
  [0n, [B, X], 'refused'],
  [0n, [B, C, D], 'refused'],
  [1n, [C], 'idempotent'],
  [1n, [], 'refused'],
  [2n, [X], 'writes'],
  [2n, [A], 'writes'],
  [2n, [], 'idempotent'],
  [3n, [X], 'refused'],
  [3n, [A], 'refused'],
];

/** Expected revisions, idempotency and limits, by either call. */
export function describeAppending(client: () => EventStoreDBClient, append: Append): void {
  const revisions = async (stream: string) => (await collect(client().readStream(stream))).map((e) => e.event?.id);

  for (const [expected, names, outcome] of TABLE) {
    it(`to A B C, expecting ${expected}: [${names.join(' ')}] ${outcome}`, async () => {
      const ids = new Map<Name | undefined, string>([A, B, C, D, X, Y].map((name) => [name, randomUUID()]));
      const batch = (list: readonly Name[]) => list.map((name, n) => event(n, ids.get(name)));
      const stream = freshName();
      const first = await append(stream, batch([A, B, C]), 'no_stream');
      const before = await collect(client().readStream(stream));
      const call = append(stream, batch(names), expected);
      if (outcome === 'refused') {
        expect(await failure(call)).toBe('wrong-expected-version');
        expect(await revisions(stream)).toHaveLength(3);
        return;
      }
      const result = await call;
      const after = await collect(client().readStream(stream));
      expect(result.success).toBe(true);
      expect(after).toHaveLength(outcome === 'writes' ? 3 + names.length : 3);
      if (outcome === 'writes') {
        expect(result.nextExpectedRevision).toBe(2n + BigInt(names.length));
        expect(result.position).toEqual(after.at(-1)?.event?.position);
        return;
      }
      // The answer names the last event of the request, wherever it is stored.
      const last = names.length === 0 ? before.at(-1) : before.find((e) => e.event?.id === ids.get(names.at(-1)));
      expect(result.nextExpectedRevision).toBe(last?.event?.revision);
      expect(result.position).toEqual(last?.event?.position);
      expect(first.nextExpectedRevision).toBe(2n);
    });
  }

  it('to a missing stream: any and no_stream write, stream_exists and a number are refused', async () => {
    for (const expected of ['any', 'no_stream'] as const) {
      expect((await append(freshName(), events(2), expected)).nextExpectedRevision).toBe(1n);
    }
    for (const expected of ['stream_exists', 0n] as const) {
      expect(await failure(append(freshName(), events(2), expected))).toBe('wrong-expected-version');
    }
  });

  it('knows an id by its last stream only: the same id elsewhere is written', async () => {
    const same = event(1);
    const [one, two] = [freshName(), freshName()];
    await append(one, [same], 'any');
    expect((await append(two, [same], 'any')).nextExpectedRevision).toBe(0n);
    expect(await revisions(two)).toEqual([same.id]);
  });

  it('names what was expected and what is there', async () => {
    const stream = freshName();
    await append(stream, events(2), 'no_stream');
    const refused = append(stream, events(1), 7n);
    await expect(refused).rejects.toMatchObject({ streamName: stream, expectedVersion: 7n, actualVersion: 1n });
    const missing = freshName();
    const nothing = append(missing, events(1), 0n);
    await expect(nothing).rejects.toMatchObject({ expectedVersion: 0n, actualVersion: 'no_stream' });
  });

  it('takes an append of no events without writing anything', async () => {
    const stream = freshName();
    expect((await append(stream, [], 'any')).success).toBe(true);
    expect(await failure(collect(client().readStream(stream)))).toBe('stream-not-found');
  });

  it('keeps a batch of 300 KB whole and in order', async () => {
    const stream = freshName();
    const batch = Array.from({ length: 30 }, () => blob(10_000));
    await append(stream, batch, 'no_stream');
    expect(await revisions(stream)).toEqual(batch.map(({ id }) => id));
  });

  it('takes an event just under 1 MiB and refuses one above, writing nothing', async () => {
    const stream = freshName();
    await append(stream, [blob(1024 * 1024 - 100)], 'no_stream');
    const [stored] = await collect(client().readStream(stream));
    expect(stored?.event?.data).toHaveLength(1024 * 1024 - 100);
    const refused = append(stream, [blob(10), blob(1024 * 1024)], 'any');
    await expect(refused).rejects.toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 1024 * 1024 });
    expect(await revisions(stream)).toHaveLength(1);
  });

  it('lets exactly one of many racing appends win a revision', async () => {
    const stream = freshName();
    const all = await Promise.all(Array.from({ length: 20 }, () => failure(append(stream, events(1), 'no_stream'))));
    expect(all.filter((outcome) => outcome === 'no failure')).toHaveLength(1);
    expect(await revisions(stream)).toHaveLength(1);
  });

  it('writes a racing retry of the same events once', async () => {
    const stream = freshName();
    const batch = events(3);
    for (const expected of ['any', 'no_stream'] as const) {
      const all = await Promise.all(Array.from({ length: 10 }, () => append(stream, batch, expected)));
      expect(new Set(all.map(({ nextExpectedRevision }) => nextExpectedRevision))).toEqual(new Set([2n]));
    }
    expect(await revisions(stream)).toHaveLength(3);
  });
}
