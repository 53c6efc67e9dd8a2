import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { PersistentMap } from './persistent-map.js';

/** Pairs of words with the same FNV-1a hash of 32 bits: they share a leaf. */
const collisions = [
  ['costarring', 'liquid'],
  ['declinate', 'macallums'],
  ['altarage', 'zinke'],
  ['altarages', 'zinkes'],
] as const;

const key = fc.oneof(
  fc.constantFrom(...collisions.flat()),
  fc.constantFrom('', 'constructor', '__proto__', 'a', 'b', 'c'),
  fc.string({ maxLength: 3, unit: 'binary' }),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: key, value: fc.integer() }) },
  { weight: 2, arbitrary: fc.record({ delete: key }) },
);

const sorted = (entries: Iterable<readonly [string, unknown]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** FNV-1a, written a second time on big integers. */
function fnv1a(word: string): bigint {
  let hash = 0x811c9dc5n;
  for (const unit of word) hash = ((hash ^ BigInt(unit.charCodeAt(0))) * 0x01000193n) & 0xffffffffn;
  return hash;
}

describe('PersistentMap', () => {
  it('agrees with Map after any steps, and no step changes an older version', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.array(key), (steps, probes) => {
        const model = new Map<string, number>();
        const versions: { map: PersistentMap<number>; entries: (readonly [string, unknown])[] }[] = [];
        let map = PersistentMap.empty<number>();
        for (const next of steps) {
          if ('set' in next) {
            model.set(next.set, next.value);
            map = map.set(next.set, next.value);
          } else {
            model.delete(next.delete);
            map = map.delete(next.delete);
          }
          versions.push({ map, entries: sorted(model) });
        }
        for (const version of versions) {
          expect(sorted(version.map.entries())).toEqual(version.entries);
          expect(version.map.size).toBe(version.entries.length);
        }
        expect([...map.values()].toSorted((a, b) => a - b)).toEqual([...model.values()].toSorted((a, b) => a - b));
        for (const probe of [...probes, ...model.keys()]) {
          expect(map.get(probe)).toBe(model.get(probe));
          expect(map.has(probe)).toBe(model.has(probe));
        }
        expect(sorted(PersistentMap.from(model).entries())).toEqual(sorted(model));
      }),
      { numRuns: 300 },
    );
  });

  it.each(collisions)('keeps %s and %s apart, though their hashes are equal', (one, other) => {
    expect(fnv1a(one)).toBe(fnv1a(other));
    const both = PersistentMap.from([
      [one, 1],
      [other, 2],
    ]);
    expect([both.get(one), both.get(other), both.size]).toEqual([1, 2, 2]);
    expect(both.set(one, 3).size).toBe(2);
    const left = both.delete(one);
    expect([left.has(one), left.get(other), left.size]).toEqual([false, 2, 1]);
    expect([both.get(one), left.delete(other).size]).toEqual([1, 0]);
    expect(PersistentMap.from([[one, 1]]).has(other)).toBe(false);
  });

  it('holds many keys, and is empty again when all are deleted', () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `user-${i}`);
    let map = PersistentMap.from(keys.map((k, i) => [k, i] as const));
    expect(map.size).toBe(5000);
    expect(keys.every((k, i) => map.get(k) === i)).toBe(true);
    for (const k of keys) map = map.delete(k);
    expect([map.size, ...map.entries()]).toEqual([0]);
  });

  it('returns itself when there is nothing to delete', () => {
    const map = PersistentMap.from([['a', 1]]);
    expect(map.delete('b')).toBe(map);
    expect(PersistentMap.empty<number>().delete('b').size).toBe(0);
  });

  it('counts a key once, even one that holds undefined', () => {
    const map = PersistentMap.empty<number | undefined>().set('a', undefined).set('a', undefined);
    expect([map.size, map.has('a'), map.delete('a').size]).toEqual([1, true, 0]);
  });
});
