import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ ancestorTitles: z.array(z.string()), title: z.string(), status: z.string() }),
      ),
    }),
  ),
});

export interface Ran {
  /** The outermost suite; empty where there is none. */
  readonly suite: string;
  /** All suites around it, and its own title. */
  readonly name: string;
  readonly title: string;
  readonly passed: boolean;
}

/** Runs spec files. A file that could not be run is one test that failed, under the titles that it would have had. */
export function runSpecs(files: readonly string[], titlesOf: (file: string) => readonly string[]): readonly Ran[] {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-coverage-'));
  try {
    const output = join(folder, 'results.json');
    const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${output}`, '--runTestsByPath', ...files];
    spawnSync(process.execPath, [...options, ...jest], { stdio: ['ignore', 'ignore', 'inherit'] });
    return report
      .parse(JSON.parse(readFileSync(output, 'utf8')))
      .testResults.flatMap(({ name: path, assertionResults }) =>
        assertionResults.length === 0
          ? titlesOf(path).map((title) => ({ suite: '', name: title, title, passed: false }))
          : assertionResults.map(({ ancestorTitles, title, status }) => ({
              suite: ancestorTitles[0] ?? '',
              name: [...ancestorTitles, title].join(' › '),
              title,
              passed: status === 'passed',
            })),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
