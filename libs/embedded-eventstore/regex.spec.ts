import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { linearRegex } from './regex.js';

const atom = fc.constantFrom(
  ...[
    'a',
    'b',
    '-',
    '1',
    '_',
    '.',
    '\\d',
    '\\w',
    '\\s',
    '\\D',
    '\\W',
    '\\S',
    '\\$',
    '\\.',
    '\\-',
    '\\t',
    '\\x61',
    '\\u0062',
  ],
  ...[
    '[ab]',
    '[^a]',
    '[a-c1]',
    '[^\\$]',
    '[\\w-]',
    '[\\d-b]',
    '[\\D1]',
    '[-a]',
    '[a-]',
    '[]',
    '[^]',
    '[.^b]',
    'ü',
    '{',
    '}',
    ']',
  ],
);
const assertion = fc.constantFrom('^', '$', '\\b', '\\B');
const repetition = fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,}', '{1,3}?', '{0}');
const { pattern } = fc.letrec<{ pattern: string; group: string; part: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie('part'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((all) => all.map((parts) => parts.join('')).join('|')),
  group: fc.tuple(fc.constantFrom('(', '(?:', '(?<x>'), tie('pattern')).map(([open, inner]) => `${open}${inner})`),
  part: fc.oneof(
    // Deeper ones take the JavaScript engine minutes: it tries every way to split a text.
    { maxDepth: 2, withCrossShrink: true },
    fc.tuple(atom, repetition).map((both) => both.join('')),
    assertion,
    fc.tuple(tie('group'), repetition).map((both) => both.join('')),
  ),
}));
const text = fc.array(fc.constantFrom('a', 'b', 'c', '-', '1', '_', '$', '.', ' ', '\n', 'ü', '{', ']', '2'), {
  maxLength: 6,
});

describe('a linear regex', () => {
  it('says what the JavaScript engine says', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
        let regex: RegExp;
        try {
          regex = new RegExp(source);
        } catch {
          return;
        }
        let linear: (name: string) => boolean;
        try {
          linear = linearRegex(source);
        } catch (error) {
          // Groups that repeat groups that repeat groups are soon too large; that is the only reason here.
          expect(error).toMatchObject({ message: 'patterns of this size' });
          return;
        }
        for (const letters of texts) {
          const name = letters.join('');
          expect({ source, name, matches: linear(name) }).toEqual({ source, name, matches: regex.test(name) });
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('knows the patterns that clients use', () => {
    const user = linearRegex('^[^\\$].*');
    expect(['org-1', '$org', '', '-'].map(user)).toEqual([true, false, false, true]);
    const types = linearRegex('^(?:Org|User)[A-Z]\\w{2,}$');
    expect(['OrgCreated', 'UserX', 'OrgABC', 'orgCreated'].map(types)).toEqual([true, false, true, false]);
  });

  it('takes time in proportion to the text where the JavaScript engine takes for ever', () => {
    const long = `${'a'.repeat(8000)}!`;
    for (const source of ['^(a+)+$', '^(a|a)*$', '(a*)*b', '(.*)(.*)(.*)(.*)(.*)x', '^(a?){99}a{99}!$'])
      expect([source, linearRegex(source)(long)]).toEqual([source, false]);
  });

  it('refuses what cannot be had in linear time, or would mean something else in .NET', () => {
    for (const source of [
      '(?=a)',
      '(?!a)',
      '(?<=a)',
      '(?<!a)',
      '(a)\\1',
      '(?<x>a)\\k<x>',
      '\\p{L}',
      '\\A',
      'a\\z',
      '\\cA',
      '\\00',
    ])
      expect(() => linearRegex(source)).toThrow();
    for (const source of [
      'a{1001}',
      '(a{100}){100}',
      '((a{0,20}){0,20}){0,20}',
      '(){99999999999}',
      '((((){99}){99}){99}){99}',
    ])
      expect(() => linearRegex(source)).toThrow('size');
  });
});
