import { features, openFeatures } from './features.js';
import { featuresIn } from './named-features.js';
import type { Ran } from './ran-tests.js';

const width = 140;

/** `permit: the matrix of enterprise › T-M01` for the cells of a row, which are many; others by their whole name. */
function shownName({ suite, name, title }: Ran): string {
  const row = / matrix of /.test(suite) ? /^[A-Z]-[MW]\d+b?/.exec(title)?.[0] : undefined;
  const shown = row === undefined ? name : `${suite} › ${row}`;
  return shown.length > width ? `${shown.slice(0, width - 1)}…` : shown;
}

/** Prints each feature with its tests and their result. Answers how many there are, are covered, and are open or failed. */
export function printFeatures(ran: readonly Ran[]): { all: number; covered: number; open: number; failed: number } {
  const testsOf = new Map<string, Ran[]>();
  for (const each of ran)
    for (const id of new Set(featuresIn(each.name))) testsOf.set(id, [...(testsOf.get(id) ?? []), each]);
  const count = { all: 0, covered: 0, open: 0, failed: 0 };
  for (const [scheme, statements] of Object.entries(features)) {
    console.log(`\nfeatures of ${scheme}`);
    for (const [id, statement] of Object.entries(statements)) {
      count.all++;
      const tests = testsOf.get(id) ?? [];
      const reason = openFeatures[id];
      const failing = tests.some(({ passed }) => !passed);
      // What is proven meanwhile must not go on being called open.
      const open = tests.length === 0 && reason !== undefined;
      const passed = tests.length > 0 && !failing && reason === undefined;
      count[passed ? 'covered' : open ? 'open' : 'failed']++;
      console.log(`${passed ? 'ok  ' : open ? 'open' : 'FAIL'} ${id.padEnd(4)} ${statement}`);
      if (open) console.log(`          ${reason}`);
      else if (tests.length === 0) console.log('          NO TEST');
      else if (reason !== undefined)
        console.log('          named by a test, and among the open ones: take it out there');
      const byName = new Map<string, Ran[]>();
      for (const each of tests) byName.set(shownName(each), [...(byName.get(shownName(each)) ?? []), each]);
      for (const [name, each] of byName)
        console.log(`          ${each.filter((test) => test.passed).length}/${each.length} ${name}`);
    }
  }
  return count;
}
