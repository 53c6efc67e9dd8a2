import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/fast-check.js';
import { Problem } from '../problems/problem.js';
import { commandHeaders, parseIdempotencyKey } from './command-headers.js';

describe('Idempotency-Key', () => {
  it.each([
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('%s is the key %s', (header, key) => {
    expect(parseIdempotencyKey(header)).toBe(key);
  });

  it.each([
    '',
    '""',
    '"',
    '"abc',
    '"a"b"',
    '"a";p=1',
    '"a", "b"',
    'a b',
    '"a b"',
    'x'.repeat(256),
    'ä',
    'a\u0000',
    '"a\\nb"',
  ])('%j is no key', (header) => {
    expect(parseIdempotencyKey(header)).toBeUndefined();
  });

  it('is the same quoted and bare', () => {
    const visible = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 100,
    });
    fc.assert(
      fc.property(
        visible.filter((key) => !key.startsWith('"')),
        (key) => {
          expect(parseIdempotencyKey(`"${key.replace(/["\\]/g, '\\$&')}"`)).toBe(key);
          expect(parseIdempotencyKey(key)).toBe(key);
        },
      ),
    );
  });
});

describe('the headers of a command', () => {
  it('may all be absent', () => {
    expect(commandHeaders({})).toEqual({ idempotencyKey: undefined, dryRun: false, ifMatch: undefined });
  });

  it('are understood', () => {
    const headers = { 'idempotency-key': '"k"', 'dry-run': 'TRUE', 'if-match': '"12"' };
    expect(commandHeaders(headers)).toEqual({ idempotencyKey: 'k', dryRun: true, ifMatch: 12n });
    expect(commandHeaders({ 'if-match': '"-1"', 'dry-run': 'false' })).toEqual({
      idempotencyKey: undefined,
      dryRun: false,
      ifMatch: -1n,
    });
  });

  it('are all named when none is understood', () => {
    try {
      commandHeaders({ 'idempotency-key': '', 'dry-run': 'yes', 'if-match': '12' });
      expect('a problem').toBe('thrown');
    } catch (error) {
      const paths =
        error instanceof Problem && Array.isArray(error.members.errors)
          ? error.members.errors.map(({ path }) => path)
          : error;
      expect(paths).toEqual(['Idempotency-Key', 'Dry-Run', 'If-Match']);
    }
  });
});
