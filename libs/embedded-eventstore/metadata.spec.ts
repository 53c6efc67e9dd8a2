import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { SOFT_DELETED, parseMetadata, withTruncateBefore } from './metadata.js';

const parse = (json: string) => parseMetadata(Buffer.from(json), true);

describe('stream metadata', () => {
  it('keeps every digit of 64-bit numbers', () => {
    expect(parse('{"$tb":9223372036854775807}')).toEqual({ truncateBefore: SOFT_DELETED });
    expect(parse('{"$tb":9223372036854775806}')).toEqual({ truncateBefore: SOFT_DELETED - 1n });
    expect(parse('{"$tb":9223372036854775808}')).toEqual({});
  });

  it('reads known keys at the top only, the last of repeated ones, however they are written', () => {
    expect(parse('{"a":{"$tb":1},"b":["$tb",{"$tb":2}],"c":"\\"$tb\\":3","$tb" :\n 4 }')).toEqual({
      truncateBefore: 4n,
    });
    expect(parse('{"$tb":4,"\\u0024tb":5}')).toEqual({ truncateBefore: 5n });
    expect(parse('{"$maxCount":2,"$maxAge":60}')).toEqual({ maxCount: 2n, maxAgeMs: 60_000 });
  });

  it('takes what is no metadata for none', () => {
    for (const json of [
      '',
      'nonsense',
      '[]',
      'null',
      '7',
      '{"$tb":"4"}',
      '{"$tb":4.0}',
      '{"$tb":[4]}',
      '{"$tb":4,"$maxAge":null}',
    ])
      expect([json, parse(json)]).toEqual([json, {}]);
    expect(parseMetadata(Buffer.from('{"$tb":4}'), false)).toEqual({});
  });

  it('changes $tb and not one other byte', () => {
    const changed = (json: string) => withTruncateBefore(Buffer.from(json), true, 7n).toString();
    expect(changed('{ "a": 12345678901234567890, "$tb" : 9223372036854775807,"b":{} }')).toBe(
      '{ "a": 12345678901234567890, "$tb" : 7,"b":{} }',
    );
    expect(changed(' {"a":1}')).toBe(' {"$tb":7,"a":1}');
    expect(changed('{ }')).toBe('{"$tb":7}');
    expect(changed('nonsense')).toBe('{"$tb":7}');
  });

  it('reads what any other JSON holds as before, after $tb was changed', () => {
    const revision = fc.bigInt({ min: 1n, max: SOFT_DELETED });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), revision, (object, tb) => {
        const others = Object.fromEntries(Object.entries(object).filter(([key]) => key !== '$tb'));
        const changed = withTruncateBefore(Buffer.from(JSON.stringify({ ...object })), true, tb);
        const { $tb: _, ...kept } = JSON.parse(changed.toString()) as Record<string, unknown>;
        expect(kept).toEqual(JSON.parse(JSON.stringify(others)));
        const unknownOnly = others['$maxCount'] === undefined && others['$maxAge'] === undefined;
        if (unknownOnly) expect(parseMetadata(changed, true)).toEqual({ truncateBefore: tb });
      }),
      { numRuns: 500 },
    );
  });
});
