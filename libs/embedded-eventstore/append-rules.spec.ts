import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
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
  readonly #softDeleted = new Set<string>();
  readonly #tombstoned = new Set<string>();

  write({ stream, expected, ids, remove }: Asked): string {
    if (this.#tombstoned.has(stream)) return 'deleted';
    const soft = this.#softDeleted.has(stream);
    if (soft && expected === 'stream_exists') return 'deleted';
    const outcome = this.#append(stream, expected, remove ? [] : ids);
    if (remove && outcome !== 'wrong') {
      if (remove === 'soft' && this.#mine(stream).length === 0 && !soft) return 'wrong';
      (remove === 'soft' ? this.#softDeleted : this.#tombstoned).add(stream);
      return 'removed';
    }
    return outcome;
  }

  #append(stream: string, expected: Expected, ids: readonly string[]): string {
    const mine = this.#mine(stream);
    const last = mine.length - 1;
    if (expected === 'stream_exists' && last === -1) return 'wrong';
    if (typeof expected === 'bigint') {
      const from = Number(expected) + 1;
      if (from > mine.length) return 'wrong';
      if (from === mine.length) return this.#write(stream, ids);
      const stored = mine.slice(from, from + ids.length).map(({ id }) => id);
      if (ids.length > 0 && stored.join() === ids.join()) return `at ${from + ids.length - 1}`;
      const recreates = expected === -1n && this.#softDeleted.has(stream) && ids.length > 0 && stored[0] !== ids[0];
      return recreates ? this.#write(stream, ids) : 'wrong';
    }
    const places = ids.map((id) => this.all.findLast((event) => event.id === id));
    const known = places.map((place) => place?.stream === stream);
    if (known[0] !== true) return this.#write(stream, ids);
    return known.includes(false) ? 'wrong' : `at ${places.at(-1)?.number}`;
  }

  #mine(stream: string): Written[] {
    return this.all.filter((event) => event.stream === stream);
  }

  #write(stream: string, ids: readonly string[]): string {
    if (ids.length > 0) this.#softDeleted.delete(stream);
    for (const id of ids) this.all.push({ stream, number: this.#mine(stream).length, id });
    return `at ${this.#mine(stream).length - 1}`;
  }
}

interface Asked {
  readonly stream: string;
  readonly expected: Expected;
  readonly ids: readonly string[];
  readonly remove: 'soft' | 'hard' | undefined;
}

function told(outcome: AppendOutcome, remove: Asked['remove']): string {
  if (outcome.kind === 'stream_deleted') return 'deleted';
  if (outcome.kind !== 'appended') return 'wrong';
  return remove ? 'removed' : `at ${outcome.revision}`;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  stream: fc.constantFrom('s', 't'),
  expected: fc.oneof(
    fc.constantFrom<Expected[]>('any', 'stream_exists', -1n),
    fc.integer({ min: 0, max: 6 }).map((n): Expected => BigInt(n)),
  ),
  ids: fc.array(
    fc.integer({ min: 1, max: 5 }).map((n) => String(n).padStart(32, '0')),
    { maxLength: 3 },
  ),
  remove: fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, fc.constantFrom('soft' as const, 'hard' as const)),
});

describe('the append rules', () => {
  it('agree with a naive model over any run of appends and deletes, however they fall into group commits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(asked, { maxLength: 6 }), { maxLength: 8 }), async (groups) => {
        const store = openMemoryStore();
        const naive = new NaiveLog();
        for (const requests of groups) {
          const group = new PendingGroup(store, store.nextPosition());
          for (const request of requests) {
            const { stream, expected, ids, remove } = request;
            const data = Buffer.alloc(0);
            const events = ids.map((id) => ({ id, type: 'T', contentType: 'application/json', data, metadata: data }));
            const outcome = group.write(remove ? { stream, expected, remove } : { stream, expected, events }, 0);
            expect(told(outcome, remove)).toBe(naive.write(request));
          }
          await store.write(group);
        }
        for (const stream of ['s', 't']) {
          const head = store.head(stream);
          const expected = naive.all.filter((event) => event.stream === stream).map(({ id }) => id);
          const ids = expected.map((_, n) => head && store.place(head.number, BigInt(n))?.id);
          expect(ids).toEqual(expected);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('let metadata alone count as an existing stream', () => {
    const view = { current: -1n, deleted: 'no' as const, idAt: () => undefined, revisionOf: () => undefined };
    expect(decideAppend({ ...view, hasMetadata: true }, 'stream_exists', ['a']).kind).toBe('write');
    expect(decideAppend({ ...view, hasMetadata: false }, 'stream_exists', ['a']).kind).toBe('wrong_expected_version');
  });
});
