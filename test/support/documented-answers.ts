import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';

/** Stands in an answer for any text. */
const ANY = '…';
const END = '@@ end of block @@';

/**
 * Runs every block of bash of a page in one shell, as a reader would, and compares each answer with the block of JSON that
 * follows it. `shell` comes first: what the reader's shell holds already.
 */
export async function expectDocumentedAnswers(page: string, shell: string, count: number, cwd?: string): Promise<void> {
  const text = await readFile(page, 'utf8');
  const blocks = [...text.matchAll(/^```bash\n(.*?)^```\n\n```json\n(.*?)^```$/gms)];
  expect(blocks).toHaveLength([...text.matchAll(/^```\w/gm)].length / 2);
  expect(blocks).toHaveLength(count);
  const script = blocks.map(([, code]) => `${code}echo '${END}'\n`).join('');
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail'], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stdin.end(shell + script);
  expect(await once(child, 'close')).toEqual([0, null]);
  const answers = output.split(`${END}\n`);
  for (const [i, [, code, expected = '']] of blocks.entries()) {
    const wanted: unknown = JSON.parse(expected);
    expect({ code, answer: masked(JSON.parse(answers[i] ?? ''), wanted) }).toEqual({ code, answer: wanted });
  }
}

/** The actual answer, with the wildcards of the expected one put where they match. */
function masked(actual: unknown, expected: unknown): unknown {
  if (expected === ANY) return typeof actual === 'string' && actual !== '' ? ANY : actual;
  if (Array.isArray(actual) && Array.isArray(expected)) return actual.map((item, i) => masked(item, expected[i]));
  if (typeof actual !== 'object' || actual === null || typeof expected !== 'object' || expected === null) return actual;
  return Object.fromEntries(
    Object.entries(actual).map(([name, value]) => [name, masked(value, Reflect.get(expected, name))]),
  );
}
