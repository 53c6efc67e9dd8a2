import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { SchemeDocument } from '#libs/domain/schemes/scheme.js';
import { type Cell, cellTitle } from './cells.js';
import { type Matrix, matrices } from './matrices.js';

/** A switch of a scheme with the cells that it turns around. */
export interface Switch {
  readonly scheme: string;
  readonly option: string;
  readonly matrix: Matrix;
  /** The scheme with this switch alone in its other position: a version after the scheme's own. */
  readonly document: SchemeDocument;
  /** As they are in that position; none of them is a feature of the system any more. */
  readonly cells: readonly Cell[];
}

const opposite = { allowed: 'denied', denied: 'allowed' } as const;

/** The scheme with one switch in its other position. A switch may let somebody give what they do not hold: so be it. */
function turned(document: SchemeDocument, name: string): SchemeDocument {
  const [part, flag] = name.split('.');
  if (part === 'platformReach' && flag === 'actsAsOrgAdmin') {
    const platformReach = { ...document.platformReach, actsAsOrgAdmin: !document.platformReach.actsAsOrgAdmin };
    return { ...document, platformReach };
  }
  if (!document.options.some(({ key }) => key === name)) throw new Error(`${document.id} has no option ${name}`);
  const options = document.options.map((option) => (option.key === name ? { ...option, on: !option.on } : option));
  return { ...document, options, noEscalation: false };
}

/** Every switch that a cell of the scheme's matrix names, one version each. */
export function switchesOf(matrix: Matrix): readonly Switch[] {
  const { scheme, cells } = matrix;
  const { document } = schemeOf({ id: scheme, version: 1 }, undefined);
  const names = new Set(cells.flatMap(({ option = [] }) => option));
  return [...names].map((option, i) => ({
    scheme,
    option,
    matrix,
    document: { ...turned(document, option), version: document.version + 1 + i },
    cells: cells
      .filter((cell) => cell.option === option)
      .map((cell) => ({ ...cell, expected: opposite[cell.expected], features: [] })),
  }));
}

export const switches: readonly Switch[] = matrices.flatMap(switchesOf);

export const titled = (cells: readonly Cell[]): (readonly [string, Cell])[] =>
  cells.map((cell) => [cellTitle(cell), cell] as const);
