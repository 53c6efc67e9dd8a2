import { type ChildProcess, spawn } from 'node:child_process';
import { cp, type FileHandle, mkdir, mkdtemp, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir } from '../data-dir-lock.js';
import { type Binaries, binariesIn, findBinaries, linkLibraries } from './binaries.js';
import { ensureCluster, NAME } from './cluster.js';
import { postmasterFile, stopPostgresOn } from './processes.js';
import { asSeenBy, CLEAN_ENVIRONMENT, type Environment, firstWorking, giveTo, invocation, run, type Way } from './unprivileged.js';

export interface ServerOptions {
  readonly dataDir: string;
  readonly durable: boolean;
  readonly ways: readonly Way[];
  readonly dieWithParent: boolean;
  readonly log: (line: string) => void;
}

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Below 3 s together, so that a start after a crash stays quick. */
const ORPHAN_PATIENCE = { fastMs: 1_500, immediateMs: 500 };
const STOP_PATIENCE = { fastMs: 10_000, immediateMs: 3_000 };
/** Recovery replays at most `max_wal_size` of log; this is far above what that takes. */
const READY_WITHIN_MS = 60_000;
const POLL_MS = 10;
const LOG_LIMIT_BYTES = 10_000_000;
/** A Unix socket's path ends at 103 bytes on macOS, at 107 on Linux. */
const SOCKET_FOLDER_LIMIT = 80;
const SOCKET_FOLDER = 'tenantry-pg-';

export async function startServer(options: ServerOptions): Promise<Server> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const cluster = join(dataDir, 'cluster');
  const lock = await lockDataDir(dataDir);
  try {
    const started = performance.now();
    // Under the lock nobody else may run on this folder: whatever still does lost its parent.
    if (await stopPostgresOn(cluster, ORPHAN_PATIENCE)) options.log('stopped a Postgres left over from a crash');
    await removeSocketFolder(dataDir);
    const installed = findBinaries();
    const environment = { ...CLEAN_ENVIRONMENT, ...(await linkLibraries(installed.root, join(dataDir, 'lib'))) };
    const sockets = await makeSocketFolder(dataDir);
    const reachable = (way: Way) => (way.become === undefined ? installed : copyBinaries(installed, sockets, way));
    const { way, binaries } = await firstWorking(options.ways, dataDir, reachable, environment);
    await giveTo(sockets, way.owner);
    const created = await ensureCluster(cluster, { dataDir, way, binaries, environment, durable: options.durable });
    // Nothing runs here, so the file is stale; Postgres would take a reused pid in it for a running server.
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    const child = await launch({ ...options, dataDir }, { cluster, sockets, way, binaries, environment });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    options.log(`postgres ${created ? 'created and ' : ''}started in ${seconds} s (pid ${child.pid}, ${way.name})`);
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      child.removeAllListeners('exit');
      try {
        await stopPostgresOn(cluster, STOP_PATIENCE);
        await removeSocketFolder(dataDir);
      } finally {
        await lock.release();
      }
    };
    child.on('exit', (code, signal) =>
      options.log(`postgres ended by itself (${signal ?? `exit ${code}`}); see ${logFile(dataDir)}`),
    );
    return {
      url: `postgres://${NAME}@localhost/${NAME}?host=${encodeURIComponent(sockets)}`,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await removeSocketFolder(dataDir);
    await lock.release();
    throw error;
  }
}

interface Launch {
  readonly cluster: string;
  readonly sockets: string;
  readonly way: Way;
  readonly binaries: Binaries;
  readonly environment: Environment;
}

/** Starts the postmaster and waits until it accepts connections. */
async function launch(options: ServerOptions, { cluster, sockets, way, binaries, environment }: Launch) {
  const path = logFile(options.dataDir);
  const output = await openLog(path);
  const { size: before } = await output.stat();
  const prefix = options.dieWithParent ? await deathSignal(way, cluster, environment) : [];
  const [program = binaries.postgres, ...args] = [
    ...prefix,
    binaries.postgres,
    ...['-D', asSeenBy(way, cluster), '-k', sockets],
    ...settings(options.durable).flatMap((setting) => ['-c', setting]),
  ];
  const call = invocation(way, program, args, cluster, environment);
  let child: ChildProcess;
  try {
    child = spawn(call.file, call.args, { ...call.options, stdio: ['ignore', output.fd, output.fd] });
  } finally {
    await output.close();
  }
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended = signal ?? `exit ${code}`;
  });
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const { pid, ready } = await postmasterFile(cluster);
    if (ready && pid === child.pid) return child;
    if (ended !== undefined) break;
    if (performance.now() > deadline) {
      ended = `not ready within ${READY_WITHIN_MS / 1000} s`;
      await stopPostgresOn(cluster, STOP_PATIENCE);
      break;
    }
    await sleep(POLL_MS);
  }
  const complaint = (await readFile(path)).subarray(before).toString().slice(-2_000).trim();
  throw new Error(`Postgres did not start (${ended}). ${path} says:\n${complaint}`);
}

function settings(durable: boolean): string[] {
  const safety = durable ? ['fsync=on', 'full_page_writes=on'] : ['fsync=off', 'full_page_writes=off'];
  return [
    'listen_addresses=',
    'max_connections=50',
    'shared_buffers=128MB',
    'jit=off',
    'wal_level=minimal',
    'max_wal_senders=0',
    // Bounds how much a start after a crash has to replay.
    'max_wal_size=256MB',
    'synchronous_commit=on',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_checkpoints=off',
    'logging_collector=off',
    ...safety,
  ];
}

/** On Linux the kernel itself tells Postgres to shut down when this process dies, however it dies. */
async function deathSignal(way: Way, cwd: string, environment: Environment): Promise<string[]> {
  const prefix = ['setpriv', '--pdeathsig', 'INT', '--'];
  const [program = '', ...args] = [...prefix, 'true'];
  return run(way, program, args, { cwd, environment }).then(
    () => prefix,
    () => [],
  );
}

/** Short, because a socket's path is limited; private, because whoever reaches the socket is let in. */
async function makeSocketFolder(dataDir: string): Promise<string> {
  const temporary = Buffer.byteLength(tmpdir()) > SOCKET_FOLDER_LIMIT ? '/tmp' : tmpdir();
  const folder = await mkdtemp(join(await realpath(temporary), SOCKET_FOLDER));
  await writeFile(noteOfSocketFolder(dataDir), folder, { mode: 0o600 });
  return folder;
}

async function removeSocketFolder(dataDir: string): Promise<void> {
  const note = noteOfSocketFolder(dataDir);
  const folder = await readFile(note, 'utf8').catch(() => '');
  if (basename(folder).startsWith(SOCKET_FOLDER)) await rm(folder, { recursive: true, force: true });
  await rm(note, { force: true });
}

/** For a user that cannot enter the folder of the package. */
async function copyBinaries({ root }: Binaries, into: string, way: Way): Promise<Binaries> {
  const copy = join(into, 'native');
  const needed = (path: string) => !path.endsWith('.a');
  await cp(root, copy, { recursive: true, verbatimSymlinks: true, filter: needed });
  await linkLibraries(copy, join(into, 'lib'));
  await giveTo(into, way.owner);
  return binariesIn(copy);
}

function noteOfSocketFolder(dataDir: string): string {
  return join(dataDir, 'socket-folder');
}

async function openLog(path: string): Promise<FileHandle> {
  const size = await stat(path).then(
    (log) => log.size,
    () => 0,
  );
  if (size > LOG_LIMIT_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

function logFile(dataDir: string): string {
  return join(dataDir, 'postgres.log');
}
