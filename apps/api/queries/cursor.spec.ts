import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/fast-check.js';
import { z } from 'zod';
import { Problem } from '../problems/problem.js';
import { cursorTo, keyFrom, pageOf } from './cursor.js';

const key = z.string().regex(/^[a-z]+$/);
const refused = (cursor: string, scope: readonly unknown[]) => {
  try {
    return keyFrom(cursor, scope, key);
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
};

describe('a cursor', () => {
  it('gives back its key within its scope only', () => {
    const cursor = cursorTo(['Audit', 'acme', { actor: 'bob' }], 'abc');
    expect(keyFrom(cursor, ['Audit', 'acme', { actor: 'bob' }], key)).toBe('abc');
    expect(refused(cursor, ['Audit', 'acme', { actor: 'eve' }])).toBe('invalid');
    expect(refused(cursor, ['Audit', 'zebra', { actor: 'bob' }])).toBe('invalid');
  });

  it('with a key that no page ends with is refused, also when forged', () => {
    expect(refused(cursorTo(['a'], '1; --'), ['a'])).toBe('invalid');
    expect(refused(cursorTo(['a'], '\u0000'), ['a'])).toBe('invalid');
  });

  it('may be anything without a failure', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(refused(text, ['a'])).toBe('invalid')));
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        expect(refused(Buffer.from(JSON.stringify(value)).toString('base64url'), ['a'])).toBe('invalid'),
      ),
    );
  });
});

describe('a page', () => {
  it('has a next one exactly if a row more was found', () => {
    expect(pageOf(['a', 'b'], 2, ['s'], (row) => row)).toEqual({ items: ['a', 'b'] });
    const first = pageOf(['a', 'b', 'c'], 2, ['s'], (row) => row);
    expect(first.items).toEqual(['a', 'b']);
    expect(keyFrom(first.next, ['s'], key)).toBe('b');
    expect(pageOf([], 2, ['s'], String)).toEqual({ items: [] });
  });
});
