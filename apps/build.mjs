import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ['apps', 'libs', 'projections'];
const lockIsOldAfterMs = 10 * 60_000;
const pollMs = 100;

/**
 * Compiles the sources into `dist` unless that has been done since they last changed. Of several processes at once one
 * compiles and the others wait for it. Throws when the sources do not compile.
 * @param {string} [root] the project's folder
 * @param {(line: string) => void} [say]
 */
export async function ensureBuilt(root = project, say = (line) => process.stderr.write(`${line}\n`)) {
  if (await isFresh(root)) return;
  await mkdir(join(root, 'dist'), { recursive: true });
  let told = false;
  while (!(await isFresh(root))) {
    if (!told) say('building…');
    told = true;
    const release = await tryLock(join(root, 'dist', '.build-lock'));
    if (release === undefined) {
      await delay(pollMs);
      continue;
    }
    try {
      if (!(await isFresh(root))) await build(root);
    } finally {
      await release();
    }
  }
}

const markerOf = (/** @type {string} */ root) => join(root, 'dist', '.built');

/** The marker bears the moment at which the last good build began. */
async function isFresh(/** @type {string} */ root) {
  const built = await modifiedAt(markerOf(root));
  if (built === undefined) return false;
  // An installation that holds only what was built.
  if ((await modifiedAt(join(root, 'tsconfig.build.json'))) === undefined) return true;
  const changes = await Promise.all([
    ...sources.map((folder) => newestIn(join(root, folder))),
    ...['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => modifiedAt(join(root, name))),
  ]);
  return changes.every((changed) => changed === undefined || changed < built);
}

async function modifiedAt(/** @type {string} */ path) {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Folders count too: a file that was moved in keeps its time, but its folder's changes.
 * @param {string} folder
 * @returns {Promise<number | undefined>}
 */
async function newestIn(folder) {
  const own = await modifiedAt(folder);
  if (own === undefined) return undefined;
  const entries = await readdir(folder, { withFileTypes: true });
  const times = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory() || (entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts')))
      .map((entry) => (entry.isDirectory() ? newestIn : modifiedAt)(join(folder, entry.name))),
  );
  return Math.max(own, ...times.map((time) => time ?? 0));
}

async function build(/** @type {string} */ root) {
  const beganAt = new Date();
  // Without a marker it is unknown what the last build left behind: the compiler shall not take its word for it.
  if ((await modifiedAt(markerOf(root))) === undefined) await rm(join(root, 'dist', '.tsbuildinfo'), { force: true });
  await compile(root);
  const marker = `${markerOf(root)}.${process.pid}`;
  await writeFile(marker, '');
  await utimes(marker, beganAt, beganAt);
  await rename(marker, markerOf(root));
}

/** @returns {Promise<void>} */
function compile(/** @type {string} */ root) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The build failed:\n${output.trim()}`));
    });
  });
}

/**
 * Takes the lock if nobody holds it; a holder that ended without letting go is passed over.
 * @param {string} path
 * @returns {Promise<(() => Promise<void>) | undefined>}
 */
async function tryLock(path) {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return () => rm(path, { force: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  if (await isAbandoned(path)) {
    const aside = `${path}.${process.pid}`;
    // Only one process can move it; the loser finds nothing there and tries again.
    await rename(path, aside).catch(() => {});
    await rm(aside, { force: true });
  }
  return undefined;
}

async function isAbandoned(/** @type {string} */ path) {
  const takenAt = await modifiedAt(path);
  if (takenAt === undefined) return false;
  const age = Date.now() - takenAt;
  if (age > lockIsOldAfterMs) return true;
  const holder = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  // Between taking the lock and writing its number the holder is nobody: it gets a moment.
  return Number.isInteger(holder) ? !isAlive(holder) : age > 5_000;
}

function isAlive(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
