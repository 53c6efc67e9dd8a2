import type { Permission } from '#libs/domain/schemes/actions.js';

/** Said verbatim by the source (H), following from its prose (M), or assumed where it is silent (L). */
export type Certainty = 'H' | 'M' | 'L';

/** One assertion about one permission: a column of a row of a scheme's matrix. */
export interface Cell<Column extends string = string, Place extends string = string> {
  readonly row: string;
  readonly column: Column;
  readonly certainty: Certainty;
  readonly expected: 'allowed' | 'denied';
  readonly permission: Permission;
  readonly place: Place;
  readonly situation: string;
  /** Another person than the column's usual one, or that one with something more. */
  readonly as?: string;
  /** The environment whose credential is used to reach a model of `place`. */
  readonly through?: Place;
  /** The switch of the scheme that turns this cell around, where it is a default with one. */
  readonly option?: string;
  /** Features of the system that this row is. */
  readonly features?: readonly string[];
}

type Asks<Place extends string> = readonly `${Permission}@${Place}`[];

interface More<Column extends string, Place extends string> {
  readonly as?: string;
  readonly through?: Place;
  readonly options?: { readonly [C in Column]?: string };
  readonly features?: readonly string[];
}

/**
 * Writes rows of a matrix with these columns: `row('C-M01', ['org:update@org'], 'edit the settings', '+H +H -H -H')`.
 * A `~` marks what the source is silent on; the sign after it is our default.
 */
export function matrix<Column extends string, Place extends string>(columns: readonly Column[]) {
  return (
    row: string,
    asks: Asks<Place>,
    situation: string,
    marks: string,
    { options = {}, ...more }: More<Column, Place> = {},
  ): Cell<Column, Place>[] => {
    const given = marks.split(/\s+/);
    if (given.length !== columns.length)
      throw new Error(`${row} has ${given.length} marks for ${columns.length} columns`);
    return columns.flatMap((column, i) => {
      const option = options[column];
      return asks.map((ask): Cell<Column, Place> => {
        // The type of `asks` says that it is a permission and a place.
        const [permission, place] = ask.split('@') as [Permission, Place];
        const reading = { row, column, ...read(given[i] ?? ''), permission, place, situation, ...more };
        return option === undefined ? reading : { ...reading, option };
      });
    });
  };
}

function read(mark: string): Pick<Cell, 'certainty' | 'expected'> {
  const [, silent, sign, certainty] = /^(~?)([+-])([HML])$/.exec(mark) ?? [];
  if (certainty !== 'H' && certainty !== 'M' && certainty !== 'L') throw new Error(`no mark: ${mark}`);
  if ((silent === '~') !== (certainty === 'L'))
    throw new Error(`what is silent is a default, and nothing else: ${mark}`);
  return { certainty, expected: sign === '+' ? 'allowed' : 'denied' };
}

/** Names a cell: the row and the column of the matrix. */
export const cellId = ({ row, column }: Pick<Cell, 'row' | 'column'>): string => `${row} ${column}`;

export const cellTitle = (cell: Cell): string => {
  const { expected, permission, place, certainty, situation, as, features = [] } = cell;
  const who = as === undefined ? '' : ` as ${as}`;
  const named = features.length === 0 ? '' : ` (${features.join(', ')})`;
  return `${cellId(cell)}: ${expected}${who} ${permission} of ${place} (${certainty}): ${situation}${named}`;
};
