import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const build = join(process.cwd(), 'apps', 'build.mjs');
const hourAgo = new Date(Date.now() - 3_600_000);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-build-'));
  await put('tsconfig.build.json', '{}');
  await put('libs/a.ts', '');
  await compilerThat('setTimeout(() => {}, 200)');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}
/** A stand-in that counts its runs. */
const compilerThat = (does: string) =>
  put(
    'node_modules/typescript/bin/tsc',
    `require('fs').appendFileSync('runs', process.argv.slice(2).join(' ') + '\\n'); ${does}`,
  );
const runs = () =>
  readFile(join(root, 'runs'), 'utf8').then(
    (text) => text.trim().split('\n'),
    () => [],
  );

function ensureBuilt(): Promise<{ code: number | null; said: string; ms: number }> {
  const script = `const { ensureBuilt } = await import(${JSON.stringify(build)}); const from = performance.now();
    await ensureBuilt(${JSON.stringify(root)}); console.log(performance.now() - from)`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    let said = '';
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
    child.on('close', (code) => resolve({ code, said, ms: Number(printed) }));
  });
}

describe('the build', () => {
  it('happens once, and again only after a change', async () => {
    expect(await ensureBuilt()).toMatchObject({ code: 0, said: 'building…\n' });
    expect(await ensureBuilt()).toMatchObject({ code: 0, said: '' });
    expect(await runs()).toEqual(['-p tsconfig.build.json']);
    await put('libs/deep/b.ts', '');
    await ensureBuilt();
    await put('package.json', '{}');
    await ensureBuilt();
    await rm(join(root, 'libs/deep/b.ts'));
    await ensureBuilt();
    expect(await runs()).toHaveLength(4);
    await put('libs/a.spec.ts', '');
    await utimes(join(root, 'libs'), hourAgo, hourAgo);
    await ensureBuilt();
    expect(await runs()).toHaveLength(4);
  });

  it('happens again for what changed while it ran', async () => {
    const first = "require('fs').readFileSync('runs', 'utf8').split('\\n').length === 2";
    await compilerThat(`if (${first}) require('fs').writeFileSync('libs/a.ts', 'changed')`);
    expect(await ensureBuilt()).toMatchObject({ code: 0, said: 'building…\n' });
    expect(await runs()).toHaveLength(2);
  });

  it('is done by one of several processes that start at once', async () => {
    const all = await Promise.all([ensureBuilt(), ensureBuilt(), ensureBuilt()]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await runs()).toHaveLength(1);
  });

  it('passes over the lock of a process that is gone', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.on('exit', resolve));
    await put('dist/.build-lock', `${gone.pid}\n`);
    expect(await ensureBuilt()).toMatchObject({ code: 0 });
    expect(await runs()).toHaveLength(1);
  });

  it('fails with what the compiler says, and tries again next time', async () => {
    await compilerThat("console.log('a.ts(1,1): error TS1'); process.exitCode = 2");
    for (const attempt of [1, 2]) {
      const { code, said } = await ensureBuilt();
      expect([code, said]).toEqual([1, expect.stringContaining('error TS1')]);
      expect(await runs()).toHaveLength(attempt);
    }
  });
});
