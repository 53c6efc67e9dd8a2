import { type SpawnOptions, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';

/** A way to run Postgres as somebody who is not root: it refuses uid 0. */
export interface Way {
  readonly name: string;
  /** Who must own the cluster for Postgres to accept it. */
  readonly owner: Owner;
  /** Put before the program. */
  readonly prefix: readonly string[];
  /** The user Node itself changes to, without any right of root's: such a process can neither reach the package nor, by its path, the cluster. */
  readonly become?: Owner;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export type Environment = Readonly<Record<string, string>>;

/** Not the environment of this process: it holds secrets, and PG… variables that would change what Postgres does. */
export const CLEAN_ENVIRONMENT: Environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** The ways worth trying for whoever runs this process, best first. */
export async function waysHere(): Promise<Way[]> {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const other = await unprivilegedUser();
  const namespace: Way = {
    name: 'user-namespace',
    owner: self,
    prefix: ['unshare', '--user', `--map-user=${other.uid}`, `--map-group=${other.gid}`, '--'],
  };
  // A namespace helps an ordinary user too: initdb wants a name for its uid, which a container may not have.
  if (self.uid !== 0) return [{ name: 'as-is', owner: self, prefix: [] }, namespace];
  return [
    namespace,
    {
      name: 'setpriv',
      owner: other,
      // dac_override reaches a folder closed to others; without no_setuid_fixup access(2) would ignore it.
      prefix: [
        'setpriv',
        `--reuid=${other.uid}`,
        `--regid=${other.gid}`,
        '--clear-groups',
        '--inh-caps=+dac_override',
        '--ambient-caps=+dac_override',
        '--securebits=+no_setuid_fixup',
        '--',
      ],
    },
    { name: 'other-user', owner: other, prefix: [], become: other },
  ];
}

/** `nobody`, or else the first user that is not root. It must have a name: initdb looks it up. */
async function unprivilegedUser(): Promise<Owner> {
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => ''))
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);
  return users.find(({ name }) => name === 'nobody') ?? users[0] ?? { uid: 65534, gid: 65534 };
}

/** Tries the ways in turn, each with a real write into the folder and a real run of the server's binary. */
export async function firstWorking(
  ways: readonly Way[],
  dataDir: string,
  reachable: (way: Way) => Binaries | Promise<Binaries>,
  environment: Environment,
): Promise<{ way: Way; binaries: Binaries }> {
  const failures: string[] = [];
  for (const way of ways) {
    try {
      const binaries = await reachable(way);
      await tryOut(way, dataDir, binaries, environment);
      return { way, binaries };
    } catch (error) {
      failures.push(`  ${way.prefix.join(' ') || way.name}: ${String(error).replace(/^Error: /, '')}`);
    }
  }
  throw new Error(
    `The embedded Postgres cannot run here (it refuses uid 0, and this is uid ${process.getuid?.()}). Tried:\n` +
      `${failures.join('\n')}\nStart as an ordinary user that may write to ${dataDir}, ` +
      'or set POSTGRES_URL to a Postgres of your own.',
  );
}

async function tryOut(way: Way, dataDir: string, { postgres }: Binaries, environment: Environment): Promise<void> {
  const folder = await mkdtemp(join(dataDir, 'probe-'));
  try {
    await giveTo(folder, way.owner);
    const script = 'id -un >/dev/null && test "$(id -u)" != 0 && : >"$1/probe" && exec "$2" --version';
    await run(way, '/bin/sh', ['-c', script, 'probe', asSeenBy(way, folder), postgres], { cwd: folder, environment });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How a program started with `cwd: folder` names that folder: the link enters it even below folders closed to the user. */
export function asSeenBy(way: Way, folder: string): string {
  return way.become !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : folder;
}

/** What to spawn for a program to run this way. `detached`, so that Ctrl-C in a terminal reaches only this process. */
export function invocation(way: Way, program: string, args: readonly string[], cwd: string, environment: Environment) {
  const [file = program, ...rest] = [...way.prefix, program, ...args];
  const options = { cwd, env: { ...environment }, detached: true, ...way.become } satisfies SpawnOptions;
  return { file, args: rest, options };
}

export interface Run {
  readonly cwd: string;
  readonly environment: Environment;
  readonly input?: string;
}

/** Runs a program to its end; what it wrote to stderr becomes the error when it fails. */
export function run(way: Way, program: string, args: readonly string[], { cwd, environment, input }: Run) {
  return new Promise<void>((resolve, reject) => {
    const call = invocation(way, program, args, cwd, environment);
    const child = spawn(call.file, call.args, { ...call.options, stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4_000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${complaint.trim() || 'no reason given'} (${signal ?? `exit ${code}`})`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

/** Changes the owner of a folder and all in it, where it is not the right one already. */
export async function giveTo(path: string, owner: Owner): Promise<void> {
  const { uid } = await stat(path);
  if (uid === owner.uid) return;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
  // Last, because the folder's own owner is what tells that the work was done.
  await chown(path, owner.uid, owner.gid);
}
