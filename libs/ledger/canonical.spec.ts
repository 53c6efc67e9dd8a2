import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { canonicalBytes, NotCanonical } from './canonical.js';

/** RFC 8785 again, as slowly and plainly as it can be said: names are compared code unit by code unit. */
function slow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(slow).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const units = (name: string) => Array.from({ length: name.length }, (_, i) => name.charCodeAt(i));
  const before = (a: readonly number[], b: readonly number[]): number => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
    return a.length - b.length;
  };
  const members = Object.entries(value).sort(([a], [b]) => before(units(a), units(b)));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${slow(member)}`).join(',')}}`;
}

const strings = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\0', 'é', '😀', 'a') }),
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    strings,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(strings, fc.nat().map(String), fc.constantFrom('__proto__', 'toString')), tie('value')),
  ),
}));

describe('the canonical form', () => {
  it('is that of a slow implementation, and is read back as the same value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const text = canonicalBytes(value).toString('utf8');
        expect(text).toBe(slow(value));
        expect(canonicalBytes(JSON.parse(text)).toString('utf8')).toBe(text);
      }),
    );
  });

  it("is the example's of RFC 8785, section 3.2.3", () => {
    const given = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew',
      1: 'One',
      '😀': 'Emoji',
      '\u0080': 'Control',
      ö: 'Latin',
    };
    const order = [
      ...canonicalBytes(given)
        .toString('utf8')
        .matchAll(/:"(\w+)/g),
    ].map(([, word]) => word);
    expect(order).toEqual(['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew']);
  });

  it('is refused to lone surrogates anywhere, also where names of another object were seen', () => {
    expect(canonicalBytes({ a: 1, b: 2 }).toString()).toBe('{"a":1,"b":2}');
    for (const value of [
      '\ud800',
      'x\udc00"',
      ['\ud800'],
      { '\ud800': 1 },
      { 'a\ud800b': 1 },
      { 'a\ud800b': 1, c: 2 },
      { a: { b: '\\\ud800' } },
    ])
      expect(() => canonicalBytes(value)).toThrow(NotCanonical);
    // Two halves in neighbouring strings are no pair.
    expect(() => canonicalBytes(['\ud83d', '\ude00'])).toThrow(NotCanonical);
  });
});
