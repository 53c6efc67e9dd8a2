import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceptanceTable } from './acceptance-table.js';

/** A title of a test or a suite, as it stands in a spec: parameters unfilled. */
export interface Title {
  readonly file: string;
  readonly title: string;
}

/** The ids of features that a title names: `T1`, `T1, T3`, and `R11 to R16` for all of these. */
export function featuresIn(title: string): readonly string[] {
  const range = /(?<![\w-])([TCVRG])(\d{1,2})(?: to \1(\d{1,2}))?(?![\w-])/g;
  return [...title.matchAll(range)].flatMap(([, letter = '', first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${letter}${Number(first) + i}`),
  );
}

/** The titles in the text of a spec: first arguments of `it`, `describe` and their `each`, with a function behind. */
function titlesIn(text: string): readonly string[] {
  const title = /(?:\b(?:it|describe)|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1,\s*(?:async )?\(/g;
  return [...text.matchAll(title)].map(([, , found = '']) => found);
}

/** Every title of every spec, and the rows of the acceptance table that are a feature: their titles are made of them. */
export function allTitles(): readonly Title[] {
  const specs = ['apps', 'libs', 'projections', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.spec.ts'))
      .map((path) => join(folder, path)),
  );
  const written = specs.flatMap((file) => titlesIn(readFileSync(file, 'utf8')).map((title) => ({ file, title })));
  const rows = Object.values(acceptanceTable).flatMap((cells) =>
    cells.flatMap(({ row, situation, features = [] }) =>
      ['test/scheme/matrices.permit.spec.ts', 'test/scheme/matrices.http.spec.ts'].map((file) => ({
        file,
        title: `${row}: ${situation} (${features.join(', ')})`,
      })),
    ),
  );
  return [...written, ...rows];
}
