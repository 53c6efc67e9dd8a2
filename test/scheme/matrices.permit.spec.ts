import { describe, expect, it } from '@jest/globals';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { compileScheme } from '#libs/domain/schemes/compiled.js';
import { cellId } from './cells.js';
import { matrices } from './matrices.js';
import { isAllowed } from './situation.js';
import { switches, titled } from './switches.js';

const worded = (allowed: boolean) => (allowed ? 'allowed' : 'denied');

describe.each(matrices)('permit: the matrix of $scheme', ({ scheme: id, cells, situation }) => {
  const scheme = schemeOf({ id, version: 1 }, undefined);

  it.each(titled(cells))('%s', (_, cell) => {
    expect(worded(isAllowed(situation, scheme, cell))).toBe(cell.expected);
  });
});

describe.each(switches)(
  'permit: the matrix of $scheme, the other way round by the switch $option',
  ({ document, cells, matrix: { situation } }) => {
    const scheme = compileScheme(document);

    it.each(titled(cells))('%s', (_, cell) => {
      expect(worded(isAllowed(situation, scheme, cell))).toBe(cell.expected);
    });
  },
);

describe('the acceptance table', () => {
  const named = new Map(matrices.flatMap(({ cells }) => cells.map((cell) => [cellId(cell), cell] as const)));
  const count = (certainty: string) => [...named.values()].filter((cell) => cell.certainty === certainty).length;

  it('has 509 cells: 322 said verbatim, 148 that follow, 39 defaults', () => {
    expect(matrices.map(({ cells }) => new Set(cells.map(cellId)).size)).toEqual([106, 124, 91, 88, 100]);
    expect([named.size, count('H'), count('M'), count('L')]).toEqual([509, 322, 148, 39]);
  });

  it('has a switch for every default but one: no switch lets the platform into an environment (T13)', () => {
    const defaults = [...named.values()].filter(({ certainty }) => certainty === 'L');
    expect(defaults.filter(({ option }) => option === undefined).map(cellId)).toEqual(['T-M19 PA']);
  });
});
