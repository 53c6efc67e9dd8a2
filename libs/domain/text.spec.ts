import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { instant, principalId, slug, text } from './text.js';

describe('text', () => {
  it.each([
    ['NUL', 'a\u0000b'],
    ['a line break', 'a\nb'],
    ['a C1 control', 'a\u0085b'],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00a'],
    ['a noncharacter', 'a\uffffb'],
    ['nothing but spaces', '   '],
    ['nothing', ''],
    ['more characters than it may have', 'x'.repeat(11)],
    ['more input than twice its length', ' '.repeat(25)],
  ])('refuses %s', (_, value) => {
    expect(text(10).safeParse(value).success).toBe(false);
  });

  it('takes what a store takes: pairs of surrogates, accents, any script', () => {
    for (const value of ['Zoë', '組織', '👩‍🚀', 'ж']) expect(text(10).parse(value)).toBe(value);
  });

  it('answers one form of equal texts: composed, without space around', () => {
    expect(text(10).parse('  Zoe\u0308 ')).toBe('Zo\u00eb');
  });

  it('may be empty only where it says so', () => {
    expect(text(10, 0).parse('')).toBe('');
  });

  it('never throws, and an accepted text is canonical: it fits, is well-formed, and parses to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string()), (value) => {
        const first = text(20).safeParse(value);
        if (!first.success) return;
        expect(text(20).parse(first.data)).toBe(first.data);
        expect([...first.data].length).toBeLessThanOrEqual(20);
        expect(first.data).toBe(first.data.normalize('NFC'));
        expect(Buffer.from(first.data).toString()).toBe(first.data);
        expect(first.data).not.toContain('\u0000');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('slug and principalId', () => {
  it.each(['a', '7-eleven', 'constructor', 'x'.repeat(63)])('slug takes %s', (value) => {
    expect(slug.parse(value)).toBe(value);
  });

  it.each(['', '-a', 'A', 'a_b', 'a/b', 'a\n', '__proto__', 'x'.repeat(64), 'é'])('slug refuses %j', (value) => {
    expect(slug.safeParse(value).success).toBe(false);
  });

  it.each(['ann', 'Ann.B_c@example-1', 'x'.repeat(128)])('principalId takes %s', (value) => {
    expect(principalId.parse(value)).toBe(value);
  });

  it.each(['', '.a', '@a', '__proto__', 'a b', 'a/b', 'a:b', 'a\n', 'x'.repeat(129), 'ä'])(
    'principalId refuses %j',
    (value) => {
      expect(principalId.safeParse(value).success).toBe(false);
    },
  );
});

describe('instant', () => {
  it.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:00+02:00', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01T12:00:00.1239Z', '2026-03-01T12:00:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('answers %s as %s', (value, canonical) => {
    expect(instant.parse(value)).toBe(canonical);
    expect(instant.parse(canonical)).toBe(canonical);
  });

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T12:00:60Z',
    '2026-03-01',
    '2026-03-01T12:00:00',
    '0000-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '+010000-01-01T00:00:00Z',
    'yesterday',
    '',
  ])('refuses %j, without throwing', (value) => {
    expect(instant.safeParse(value).success).toBe(false);
  });

  it('orders as text as it orders in time', () => {
    const any = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
    fc.assert(
      fc.property(any, any, (a, b) => {
        const [x, y] = [instant.parse(a.toISOString()), instant.parse(b.toISOString())];
        expect(x < y).toBe(a.getTime() < b.getTime());
      }),
    );
  });
});
