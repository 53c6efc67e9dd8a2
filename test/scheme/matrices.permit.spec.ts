import { describe, expect, it } from '@jest/globals';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { type CompiledScheme, compileScheme } from '#libs/domain/schemes/compiled.js';
import { cellId, cellTitle } from './cells.js';
import { matrices } from './matrices.js';
import { isAllowed } from './situation.js';

/** The scheme with one switch in its other position. A switch may let somebody give what they do not hold: so be it. */
function turned({ document }: CompiledScheme, name: string): CompiledScheme {
  const [part, flag] = name.split('.');
  if (part === 'platformReach' && flag === 'actsAsOrgAdmin') {
    const platformReach = { ...document.platformReach, actsAsOrgAdmin: !document.platformReach.actsAsOrgAdmin };
    return compileScheme({ ...document, platformReach });
  }
  if (!document.options.some(({ key }) => key === name)) throw new Error(`${document.id} has no option ${name}`);
  const options = document.options.map((option) => (option.key === name ? { ...option, on: !option.on } : option));
  return compileScheme({ ...document, options, noEscalation: false });
}

const opposite = { allowed: 'denied', denied: 'allowed' } as const;
const worded = (allowed: boolean) => (allowed ? 'allowed' : 'denied');

describe.each(matrices)('permit: the matrix of $scheme', ({ scheme: id, cells, situation }) => {
  const scheme = schemeOf({ id, version: 1 }, undefined);

  it.each(cells.map((cell) => [cellTitle(cell), cell] as const))('%s', (_, cell) => {
    expect(worded(isAllowed(situation, scheme, cell))).toBe(cell.expected);
  });

  const switched = cells.flatMap((cell) => (cell.option === undefined ? [] : [{ cell, option: cell.option }]));
  it.each(switched.map(({ cell, option }) => [cellId(cell), cell.permission, option, cell] as const))(
    '%s: %s, the other way round by the switch %s',
    (_, __, option, cell) => {
      expect(worded(isAllowed(situation, turned(scheme, option), cell))).toBe(opposite[cell.expected]);
    },
  );
});

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
