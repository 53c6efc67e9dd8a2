import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface Patience {
  /** Fast shutdown: sessions are ended, data is flushed. */
  readonly fastMs: number;
  /** Immediate shutdown: the next start recovers from the log. */
  readonly immediateMs: number;
}

const POLL_MS = 10;
const GONE_AFTER_KILL_MS = 5_000;

/** Ends every Postgres process on this cluster, politely first. False when there was none. */
export async function stopPostgresOn(cluster: string, patience: Patience): Promise<boolean> {
  const found = await postgresOn(cluster);
  if (found.length === 0) return false;
  const { pid } = await postmasterFile(cluster);
  if (pid !== undefined && found.includes(pid)) {
    // A backend reads SIGINT as "cancel the query", so only the postmaster gets it.
    signal(pid, 'SIGINT');
    if (await gone(cluster, patience.fastMs)) return true;
  }
  for (const [name, waitMs] of [
    ['SIGQUIT', patience.immediateMs],
    ['SIGKILL', GONE_AFTER_KILL_MS],
  ] as const) {
    for (const one of await postgresOn(cluster)) signal(one, name);
    if (await gone(cluster, waitMs)) return true;
  }
  throw new Error(
    `Postgres on ${cluster} does not end, not even by SIGKILL: ${(await postgresOn(cluster)).join(', ')}`,
  );
}

/**
 * The processes that really are Postgres on this cluster. A pid in a file is not enough: after a crash or a reboot the
 * number may belong to somebody else.
 */
export async function postgresOn(cluster: string): Promise<number[]> {
  return process.platform === 'linux' ? postgresByFolder(cluster) : postgresByCommand(cluster);
}

/** Every Postgres process works inside its cluster's folder, so that is its mark, and no path has to be compared. */
async function postgresByFolder(cluster: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return stillOn(cluster, pids);
}

async function postgresByCommand(cluster: string): Promise<number[]> {
  const { pid } = await postmasterFile(cluster);
  return pid === undefined ? [] : stillOn(cluster, [pid]);
}

async function stillOn(cluster: string, pids: readonly number[]): Promise<number[]> {
  const identity = await identityOf(cluster);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (process.platform !== 'linux') return (await commandOf(pid)).includes(cluster);
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return name === 'postgres\n' && identity !== undefined && (await identityOf(`/proc/${pid}/cwd`)) === identity;
    }),
  );
  return pids.filter((_, index) => found[index]);
}

async function commandOf(pid: number): Promise<string> {
  const command = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => undefined);
  return command?.stdout.includes('postgres') ? command.stdout : '';
}

async function identityOf(folder: string): Promise<string | undefined> {
  return stat(folder, { bigint: true }).then(
    ({ dev, ino }) => `${dev}-${ino}`,
    () => undefined,
  );
}

/** What the postmaster wrote about itself: its pid on line 1, its state on line 8. */
export async function postmasterFile(cluster: string): Promise<{ pid?: number; ready: boolean }> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 1 ? { pid, ready: lines[7]?.trim() === 'ready' } : { ready: false };
}

async function gone(cluster: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  let remaining = await postgresOn(cluster);
  while (remaining.length > 0) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
    remaining = await stillOn(cluster, remaining);
    // All processes of the machine are looked through again only then: a new one may have come meanwhile.
    if (remaining.length === 0) remaining = await postgresOn(cluster);
  }
  return true;
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone: what was asked for.
  }
}
