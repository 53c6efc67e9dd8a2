import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.js';
import { postmasterFile, stopPostgresOn } from './processes.js';
import { asSeenBy, type Environment, invocation, run, type Way } from './unprivileged.js';

export const STOP_PATIENCE = { fastMs: 10_000, immediateMs: 3_000 };
/** Recovery replays at most `max_wal_size` of log; this is far above what that takes. */
const READY_WITHIN_MS = 60_000;
const POLL_MS = 10;
const LOG_LIMIT_BYTES = 10_000_000;

export interface Launch {
  readonly dataDir: string;
  readonly durable: boolean;
  readonly dieWithParent: boolean;
  readonly cluster: string;
  readonly sockets: string;
  readonly way: Way;
  readonly binaries: Binaries;
  readonly environment: Environment;
}

/** Starts the postmaster and waits until it accepts connections. */
export async function launch(options: Launch): Promise<ChildProcess> {
  const { cluster, sockets, way, binaries, environment } = options;
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
  const options = ['--pdeathsig', 'INT', '--'];
  return run(way, 'setpriv', [...options, 'true'], { cwd, environment }).then(
    () => ['setpriv', ...options],
    () => [],
  );
}

async function openLog(path: string): Promise<FileHandle> {
  const size = await stat(path).then(
    (log) => log.size,
    () => 0,
  );
  if (size > LOG_LIMIT_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

export function logFile(dataDir: string): string {
  return join(dataDir, 'postgres.log');
}
