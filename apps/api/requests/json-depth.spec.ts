import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/fast-check.js';
import { exceedsDepth } from './json-depth.js';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('the bound on depth', () => {
  it('is exact for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const json = Buffer.from(JSON.stringify(value));
        expect(exceedsDepth(json, depthOf(value))).toBe(false);
        if (depthOf(value) > 0) expect(exceedsDepth(json, depthOf(value) - 1)).toBe(true);
      }),
    );
  });

  it('does not count what stands in strings', () => {
    expect(exceedsDepth(Buffer.from('["[[[[{{{{\\"[[[[\\\\","]]"]'), 1)).toBe(false);
  });

  it('does not recurse', () => {
    expect(exceedsDepth(Buffer.from('['.repeat(1_000_000)), 2_000_000)).toBe(false);
  });
});
