import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface RedisBinary {
  readonly path: string;
  /** Where the libraries lie that the system does not have. */
  readonly libraries: readonly string[];
  readonly origin: string;
}

/** One binary is server and tools at once: Debian keeps it in redis-tools, which unlike redis-server starts no service. */
const PACKAGE = 'redis-tools';
const BINARIES = ['redis-server', 'redis-check-rdb'];
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/tenantry-test/', import.meta.url));
const UNPACKED = join(CACHE, 'redis');

/** A `redis-server` of this machine, or else Debian's: installed as root, unpacked beside the project otherwise. */
export async function findRedis(): Promise<RedisBinary> {
  const found = (await onPath('from the path')) ?? (await unpacked());
  if (found !== undefined) return found;
  const tried: string[] = [];
  for (const attempt of process.getuid?.() === 0 ? [install, unpack] : [unpack]) {
    try {
      await attempt();
      const redis = (await onPath('installed from Debian')) ?? (await unpacked());
      if (redis !== undefined) return redis;
      tried.push(`${attempt.name}: done, but no redis-server came of it`);
    } catch (error) {
      tried.push(`${attempt.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `The tests need a Redis, and there is no redis-server on the path. Tried Debian's package:\n${tried.join('\n')}\n` +
      'Install redis-server, or set REDIS_URL.',
  );
}

async function onPath(origin: string): Promise<RedisBinary | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of BINARIES) {
    for (const folder of folders) {
      if (await executable(join(folder, name))) return { path: join(folder, name), libraries: [], origin };
    }
  }
  return undefined;
}

async function unpacked(): Promise<RedisBinary | undefined> {
  const path = join(UNPACKED, 'usr', 'bin', 'redis-check-rdb');
  if (!(await executable(path))) return undefined;
  const usrLib = join(UNPACKED, 'usr', 'lib');
  const byArchitecture = (await readdir(usrLib)).filter((name) => name.includes('-linux-'));
  return { path, libraries: byArchitecture.map((name) => join(usrLib, name)), origin: 'unpacked from Debian' };
}

async function install(): Promise<void> {
  const args = ['install', '-y', '--no-install-recommends', PACKAGE];
  await apt(args).catch(async () => {
    await apt(['update']);
    await apt(args);
  });
}

/** Downloads the package and those of its libraries that the system lacks; renamed when complete. */
async function unpack(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'redis.new-'));
  try {
    const lists = await ownLists();
    const { stdout } = await run('apt-cache', [...lists, 'depends', PACKAGE]);
    const libraries = [...stdout.matchAll(/Depends: (lib\S+)/g)].flatMap(([, name]) =>
      name === undefined ? [] : [name],
    );
    const lacking = (await Promise.all(libraries.map(async (name) => ((await installed(name)) ? [] : [name])))).flat();
    await apt([...lists, 'download', PACKAGE, ...lacking], folder);
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(folder, name), join(folder, 'root')]);
    }
    await rm(UNPACKED, { recursive: true, force: true });
    await rename(join(folder, 'root'), UNPACKED);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** apt's lists as they are; where they do not know the package, lists of our own: only root may update the system's. */
async function ownLists(): Promise<string[]> {
  const known = await run('apt-cache', ['show', PACKAGE]).catch(() => undefined);
  if (known !== undefined) return [];
  const apt = join(CACHE, 'apt');
  await mkdir(join(apt, 'lists', 'partial'), { recursive: true });
  await mkdir(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  const options = ['-o', `Dir::State::Lists=${join(apt, 'lists')}`, '-o', `Dir::Cache=${join(apt, 'cache')}`];
  await run('apt-get', [...options, 'update']);
  return options;
}

function apt(args: readonly string[], cwd?: string) {
  return run('apt-get', args, cwd);
}

function run(program: string, args: readonly string[], cwd?: string) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return promisify(execFile)(program, [...args], { cwd, env, timeout: 300_000 });
}

async function installed(name: string): Promise<boolean> {
  const answer = await run('dpkg-query', ['-W', '-f', '${Status}', name]).catch(() => undefined);
  return answer?.stdout === 'install ok installed';
}

async function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
