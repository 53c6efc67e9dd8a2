import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { keyText, looksLikeVirtualKey, placeOfKey, virtualKeyText } from './key-text.js';

const place = { kind: 'svc', path: ['acme', 'ci', 'first'] } as const;
const secret = new Uint8Array(32).fill(7);

describe('the text of a key', () => {
  it('is recognized, says whose it is, and is safe in a header, a form and a URL', () => {
    const text = keyText(place, secret);
    expect(text).toMatch(/^tnt_svc_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{49}$/);
    expect(placeOfKey(text)).toEqual(place);
    expect(encodeURIComponent(text)).toBe(text);
  });

  it('is refused with any one character changed', () => {
    const text = keyText(place, secret);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'aZ0_-.~ '), (at, other) => {
        fc.pre(text[at] !== other);
        expect(placeOfKey(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
      }),
    );
  });

  it('of an environment begins as LiteLLM has it, says nothing of whose it is, and is refused mistyped', () => {
    const text = virtualKeyText(secret);
    expect(text).toMatch(/^sk-tnt_env_[A-Za-z0-9_-]{49}$/);
    expect([looksLikeVirtualKey(text), placeOfKey(text)]).toEqual([true, undefined]);
    expect(looksLikeVirtualKey(`${text.slice(0, -7)}${text.at(-7) === 'A' ? 'B' : 'A'}${text.slice(-6)}`)).toBe(false);
    expect(looksLikeVirtualKey(keyText(place, secret))).toBe(false);
  });

  it.each(['', 'tnt_', 'tnt_svc_', 'eyJhbGciOi.x.y', `tnt_svc_${'A'.repeat(5000)}`])('is not %.20s', (text) => {
    expect(placeOfKey(text)).toBeUndefined();
  });
});
