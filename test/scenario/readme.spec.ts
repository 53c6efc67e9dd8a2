import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

/** A block of bash and the answers that stand below it. */
interface Block {
  readonly code: string;
  readonly answers: unknown[];
}

/** Stands in an answer for any text. */
const ANY = '…';
const project = process.cwd();
let folder: string;
let readme: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-readme-'));
  readme = await readFile('README.md', 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a fresh checkout takes (`npm ci`, `npm test`) stands in `sh` blocks: those are not run from inside the tests. */
function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  for (const [, language, content = ''] of markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    if (language === 'bash') blocks.push({ code: content, answers: [] });
    if (language === 'json') blocks.at(-1)?.answers.push(JSON.parse(content));
  }
  return blocks;
}

const END = '@@ end of block @@';
const STORY_MS = 240_000;

/** One bash for all blocks, that stops at the first command that fails. */
async function session(blocks: readonly Block[], env: Readonly<Record<string, string | undefined>>) {
  const script = blocks.map(({ code }) => `${code}\necho; echo '${END}'\n`).join('');
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail'], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A story that comes to a stand is told with the block where it did.
    timeout: STORY_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.end(script);
  const [code] = await once(child, 'close');
  return { code, errors, outputs: output.split(`${END}\n`).slice(0, -1) };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** The actual answer, with the wildcards of the expected one put where they match. */
function masked(actual: unknown, expected: unknown): unknown {
  if (expected === ANY) return typeof actual === 'string' && actual !== '' ? ANY : actual;
  if (Array.isArray(actual) && Array.isArray(expected))
    return actual.map((item, index) => masked(item, expected[index]));
  if (typeof actual !== 'object' || actual === null || typeof expected !== 'object' || expected === null) return actual;
  return Object.fromEntries(
    Object.entries(actual).map(([name, value]) => [name, masked(value, Reflect.get(expected, name))]),
  );
}

it(
  'every command of the README works when pasted in order, and answers what stands there',
  async () => {
    const blocks = blocksOf(readme);
    expect(blocks.length).toBeGreaterThan(10);
    // Everything that the commands name in the project's folder, without leaving anything in it.
    for (const name of ['apps', 'node_modules', 'package.json']) await symlink(join(project, name), join(folder, name));
    const port = await freePort();
    const { code, errors, outputs } = await session(blocks, {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      URL: `http://127.0.0.1:${port}`,
      ...{ PORT: String(port), DATA_DIR: join(folder, 'data'), KEY_DIR: join(folder, 'keys') },
    });
    const failed = blocks[outputs.length]?.code ?? '';
    expect({ code, failed, errors: code === 0 ? '' : errors }).toEqual({ code: 0, failed: '', errors: '' });
    // The server's own log is not what a reader should have to read past.
    expect(errors.split('\n').filter((line) => line.startsWith('{'))).toEqual([]);
    for (const [index, { code: commands, answers }] of blocks.entries()) {
      const lines = (outputs[index] ?? '').split('\n').filter((line) => line.startsWith('{'));
      const given = lines.slice(-answers.length || lines.length).map((line): unknown => JSON.parse(line));
      expect({ commands, answers: given.map((answer, i) => masked(answer, answers[i])) }).toEqual({
        commands,
        answers,
      });
    }
  },
  STORY_MS + 10_000,
);

it.each(['README.md', 'docs/guarantees.md'])('%s names files and folders that exist', async (document) => {
  const text = await readFile(document, 'utf8');
  const named = [...text.matchAll(/(?<!dist\/)\b(?:apps|libs|projections|test)\/[\w./-]*[\w/]/g)].map(([path]) => path);
  expect(named.length).toBeGreaterThan(20);
  const missing: string[] = [];
  for (const path of new Set(named)) {
    await access(path).catch(() => missing.push(path));
  }
  expect(missing).toEqual([]);
});
