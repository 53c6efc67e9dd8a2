import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/fast-check.js';
import { positionText } from '#libs/application/ports/event-store.js';
import { Problem } from '../problems/problem.js';
import { consistencyToken, later, positionFrom } from './consistency-token.js';

const storeId = '01e6e093-cbf4-4319-854a-888faa7957b5';
const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const position = fc.record({ commit: number, prepare: number });

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof Problem ? error.code : String(error);
  }
  return undefined;
}

describe('a consistency token', () => {
  it('gives back its position, and is fit for a header', () => {
    fc.assert(
      fc.property(position, (place) => {
        const token = consistencyToken(storeId, positionText(place));
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(positionFrom(token, storeId)).toEqual(place);
      }),
    );
  });

  it('of another store is told apart', () => {
    expect(codeOf(() => positionFrom(consistencyToken('another', '1/1'), storeId))).toBe('foreign_token');
  });

  it('is not needed', () => {
    expect(positionFrom(undefined, storeId)).toBeUndefined();
  });

  it('is refused when anything else was given', () => {
    const encoded = (text: string) => Buffer.from(text).toString('base64url');
    const fixed = [
      '',
      ' ',
      encoded(`${storeId} 1`),
      encoded(`${storeId} 1/-1`),
      encoded(' 1/1'),
      encoded(`${storeId} 01/1`),
      `${encoded(`${storeId} 1/1`)}=`,
    ];
    for (const token of [...fixed, ['a', 'b']])
      expect(codeOf(() => positionFrom(token, storeId))).toBe('invalid_token');
    fc.assert(
      fc.property(fc.string(), (text) => expect(codeOf(() => positionFrom(text, storeId))).toBe('invalid_token')),
    );
  });

  it('that is later wins', () => {
    const [a, b] = [
      { commit: 1n, prepare: 9n },
      { commit: 2n, prepare: 0n },
    ];
    expect([later(a, b), later(b, a), later(a, undefined), later(undefined, b), later(undefined, undefined)]).toEqual([
      b,
      b,
      a,
      b,
      undefined,
    ]);
  });
});
