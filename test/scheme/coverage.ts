/**
 * `npm run coverage:domain`: runs the acceptance table and the specs that name a feature, and prints each cell and each feature
 * with its tests and their result. Ends with the number of cells that must pass and do; exits with 1 where one does not, or has
 * no test, at a level that must have one, or where a feature has no test that passes.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { acceptanceTable } from './acceptance-table.js';
import { cellId } from './cells.js';
import { printFeatures } from './feature-coverage.js';
import { allTitles, featuresIn } from './named-features.js';
import { runSpecs } from './ran-tests.js';
import { xRows, xSchemes } from './x.cells.js';

/** The first word of a suite's title is its level. */
const levels = ['permit', 'evaluation', 'command'] as const;
type Level = (typeof levels)[number];

/** Cells that a level cannot ask: a credential of an environment is no subject, and no session is scoped by a token. */
const exempt: { readonly [L in Level]?: readonly string[] } = { evaluation: ['T-M26', 'C-M30', 'R-M22'] };
/** Levels that every other cell must have tests at. */
const required: readonly Level[] = ['permit', 'evaluation'];

const naming = allTitles().filter(({ title }) => featuresIn(title).length > 0);
const ofSchemes = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.spec.ts'));
const files = new Set([...ofSchemes.map((name) => join('test/scheme', name)), ...naming.map(({ file }) => file)]);
const ran = runSpecs([...files], (path) =>
  naming.filter(({ file }) => resolve(file) === path).map(({ title }) => title),
);

/** `3/3` for three tests that passed; undefined where there is none. */
function resultOf(
  level: Level,
  about: string,
  id: string,
): { readonly text: string; readonly passed: boolean } | undefined {
  const tests = ran.filter(
    ({ suite, title }) => suite.startsWith(`${level}: `) && suite.includes(about) && title.startsWith(`${id}: `),
  );
  if (tests.length === 0) return undefined;
  const good = tests.filter(({ passed }) => passed).length;
  return { text: `${good}/${tests.length}`, passed: good === tests.length };
}

/** Prints one line; true where every level has tests of it and all of them passed. */
function line(id: string, about: string, more: string): boolean {
  const [row = ''] = id.split(' ');
  const results = levels.map((level) => {
    const needed = required.includes(level) && exempt[level]?.includes(row) !== true;
    return { level, needed, result: resultOf(level, about, id) };
  });
  const shown = results.map(
    ({ level, needed, result }) => `${level} ${(result?.text ?? (needed ? 'NO TEST' : '-')).padEnd(7)}`,
  );
  const passed = results.every(({ needed, result }) => (result === undefined ? !needed : result.passed));
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${id.padEnd(20)} ${more.padEnd(4)} ${shown.join(' ').trimEnd()}`);
  return passed;
}

let passing = 0;
let needed = 0;
let failed = 0;
for (const [scheme, cells] of Object.entries(acceptanceTable)) {
  console.log(`\n${scheme}`);
  const byId = new Map(cells.map((cell) => [cellId(cell), cell]));
  for (const [id, { certainty, expected }] of byId) {
    const passed = line(id, `matrix of ${scheme}`, `${expected === 'allowed' ? '+' : '-'}${certainty}`);
    if (!passed) failed++;
    if (certainty === 'L') continue;
    needed++;
    if (passed) passing++;
  }
}
console.log('\nbeyond the sources');
for (const scheme of Object.keys(xSchemes))
  for (const row of new Set(xRows.map((each) => each.row))) {
    const tests = ran.filter(({ suite, title }) => suite.includes(`what ${scheme} has`) && title.startsWith(`${row} `));
    const passed = tests.length > 0 && tests.every((each) => each.passed);
    if (!passed) failed++;
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${row} ${scheme}: ${tests.length || 'NO'} tests`);
  }
const { all, covered, open, failed: unproven } = printFeatures(ran);
console.log(
  `\nlevels: ${required.join(', ')}, and ${levels.filter((level) => !required.includes(level)).join(', ')} where there is one; ${failed} of all cells and rows failed or lack a test`,
);
console.log(`features: ${covered} of ${all} are proven by tests, ${open} are open, ${unproven} failed or lack a test`);
console.log(`${passing} of ${needed}`);
process.exitCode = failed + open + unproven === 0 ? 0 : 1;
