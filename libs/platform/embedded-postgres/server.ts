import type { ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir } from '../data-dir-lock.js';
import { type Binaries, binariesIn, findBinaries, linkLibraries } from './binaries.js';
import { ensureCluster, NAME } from './cluster.js';
import { launch, logFile, STOP_PATIENCE } from './postmaster.js';
import { stopPostgresOn } from './processes.js';
import { CLEAN_ENVIRONMENT, firstWorking, giveTo, type Way } from './unprivileged.js';

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
const REVIVAL_MS = { first: 50, last: 5_000 };
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
    const start = async () => {
      // Nothing runs here, so the file is stale; Postgres would take a reused pid in it for a running server.
      await rm(join(cluster, 'postmaster.pid'), { force: true });
      return launch({ ...options, dataDir, cluster, sockets, way, binaries, environment });
    };
    const postmaster = new Postmaster(await start(), cluster, start, options.log, logFile(dataDir));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    options.log(`postgres ${created ? 'created and ' : ''}started in ${seconds} s (${way.name})`);
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      try {
        await postmaster.stop();
        await removeSocketFolder(dataDir);
      } finally {
        await lock.release();
      }
    };
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

/** Keeps one Postgres running: one that ends by itself is started anew on the same socket, where clients find it again. */
class Postmaster {
  private stopping = false;
  private reviving: Promise<void> = Promise.resolve();

  constructor(
    child: ChildProcess,
    private readonly cluster: string,
    private readonly start: () => Promise<ChildProcess>,
    private readonly log: (line: string) => void,
    private readonly logPath: string,
  ) {
    this.watch(child);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.reviving;
    await stopPostgresOn(this.cluster, STOP_PATIENCE);
  }

  private watch(child: ChildProcess): void {
    child.once('exit', (code, signal) => {
      if (this.stopping) return;
      this.log(`postgres ended by itself (${signal ?? `exit ${code}`}); starting it again. See ${this.logPath}`);
      this.reviving = this.revive();
    });
  }

  private async revive(): Promise<void> {
    for (let ms = REVIVAL_MS.first; !this.stopping; ms = Math.min(2 * ms, REVIVAL_MS.last)) {
      try {
        // Its own children may outlive a killed postmaster for a moment, and hold the shared memory.
        await stopPostgresOn(this.cluster, ORPHAN_PATIENCE);
        const child = await this.start();
        this.watch(child);
        return;
      } catch (error) {
        this.log(`postgres did not start again: ${error instanceof Error ? error.message : String(error)}`);
        await sleep(ms);
      }
    }
  }
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
