import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Specs that take longer where these say so. */
const SPECS = ['tiers-new-enemy', 'tiers-redis', 'projector-stalls'].map((name) => `test/fault/${name}.spec.ts`);

export interface Durations {
  readonly rounds: number;
  readonly redisCutMs: number;
  readonly stallMs: number;
}

interface Told {
  readonly passed: number;
  readonly mismatches: readonly string[];
}

/** What Jest writes with `--json`, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The specs of faults that last: they run under Jest, each failure is a mismatch. */
export async function runSpecs({ rounds, redisCutMs, stallMs }: Durations): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-long-'));
  try {
    const file = join(folder, 'report.json');
    const jest = join(root, 'node_modules/jest/bin/jest.js');
    const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
    const env = { NEW_ENEMY_ROUNDS: `${rounds}`, REDIS_CUT_MS: `${redisCutMs}`, STALL_MS: `${stallMs}` };
    const child = spawn(process.execPath, [...node, '--json', `--outputFile=${file}`, ...SPECS], {
      cwd: root,
      env: { ...process.env, ...env },
      // What it reports goes to the file and, for people, to stderr.
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'exit');
    const report = await readFile(file, 'utf8').catch(() => undefined);
    if (report === undefined)
      return { passed: 0, mismatches: ['the specs ended without a report; the reason is above'] };
    return told(JSON.parse(report) as Report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function told({ numPassedTests, testResults }: Report): Told {
  const mismatches = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults
      .filter((each) => each.status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join('\n')}`);
    return failed.length === 0 && status === 'failed' ? [`${name}: ${message}`] : failed;
  });
  return { passed: numPassedTests, mismatches };
}
