import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideAppend } from './append-rules.js';
import type { Expected } from './append-rules.js';
import { PendingGroup } from './group.js';
import type { AppendOutcome } from './group.js';
import { openMemoryStore } from './memory-store.js';

interface Written {
  readonly stream: string;
  readonly number: number;
  readonly id: string;
}

/**
 * The rules told another way: the whole log as one list, searched from its end, and each expectation as the list of
 * events that would have to follow it.
 */
class NaiveLog {
  readonly all: Written[] = [];

  append(stream: string, expected: Expected, ids: readonly string[]): string {
    const mine = this.all.filter((event) => event.stream === stream);
    const last = mine.length - 1;
    if (expected === 'stream_exists' && last === -1) return 'wrong';
    if (typeof expected === 'bigint') {
      const from = Number(expected) + 1;
      if (from > mine.length) return 'wrong';
      if (from === mine.length) return this.#write(stream, ids);
      const stored = mine.slice(from, from + ids.length).map(({ id }) => id);
      return ids.length > 0 && stored.join() === ids.join() ? `at ${from + ids.length - 1}` : 'wrong';
    }
    const places = ids.map((id) => this.all.findLast((event) => event.id === id));
    const known = places.map((place) => place?.stream === stream);
    if (known[0] !== true) return this.#write(stream, ids);
    return known.includes(false) ? 'wrong' : `at ${places.at(-1)?.number}`;
  }

  #write(stream: string, ids: readonly string[]): string {
    for (const id of ids) {
      const number = this.all.filter((event) => event.stream === stream).length;
      this.all.push({ stream, number, id });
    }
    return `at ${this.all.filter((event) => event.stream === stream).length - 1}`;
  }
}

const told = (outcome: AppendOutcome): string => (outcome.kind === 'appended' ? `at ${outcome.revision}` : 'wrong');

const append = fc.record({
  stream: fc.constantFrom('s', 't'),
  expected: fc.oneof(
    fc.constantFrom<Expected[]>('any', 'stream_exists', -1n),
    fc.integer({ min: 0, max: 6 }).map((n): Expected => BigInt(n)),
  ),
  ids: fc.array(
    fc.integer({ min: 1, max: 5 }).map((n) => String(n).padStart(32, '0')),
    { maxLength: 3 },
  ),
});

describe('the append rules', () => {
  it('agree with a naive model over any run of appends, however they fall into group commits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(append, { maxLength: 6 }), { maxLength: 8 }), async (groups) => {
        const store = openMemoryStore();
        const naive = new NaiveLog();
        for (const requests of groups) {
          const group = new PendingGroup(store, store.nextPosition());
          for (const { stream, expected, ids } of requests) {
            const data = Buffer.alloc(0);
            const events = ids.map((id) => ({ id, type: 'T', contentType: 'application/json', data, metadata: data }));
            const outcome = group.append({ stream, expected, events }, 0);
            expect(told(outcome)).toBe(naive.append(stream, expected, ids));
          }
          await store.write(group);
        }
        for (const stream of ['s', 't']) {
          const head = store.head(stream);
          const expected = naive.all.filter((event) => event.stream === stream).map(({ id }) => id);
          const ids = expected.map((_, n) => head && store.place(head.number, BigInt(n))?.id);
          expect(ids).toEqual(expected);
          expect(head?.revision ?? -1n).toBe(BigInt(expected.length - 1));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('let metadata alone count as an existing stream', () => {
    const view = { current: -1n, idAt: () => undefined, revisionOf: () => undefined };
    expect(decideAppend({ ...view, hasMetadata: true }, 'stream_exists', ['a']).kind).toBe('write');
    expect(decideAppend({ ...view, hasMetadata: false }, 'stream_exists', ['a']).kind).toBe('wrong_expected_version');
  });
});
