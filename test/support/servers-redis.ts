import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisBinary } from './servers-find-redis.js';

const READY_WITHIN_MS = 10_000;
const STOPPED_WITHIN_MS = 3_000;

/** A Redis that keeps nothing, on a free port of the loopback interface. */
export async function startRedis({ path, libraries }: RedisBinary, folder: string) {
  // By this name the binary is a server, whatever Debian calls the file.
  const program = join(folder, 'redis-server');
  await symlink(path, program);
  const port = await freePort();
  const log = join(folder, 'redis.log');
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn(program, [...args, '--databases', '1024', '--logfile', log], {
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries.join(':') },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit').then(
    ([code, signal]) => String(signal ?? `exit ${code}`),
    (error: unknown) => String(error),
  );
  let ended: string | undefined;
  void exit.then((how) => {
    ended = how;
  });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {});
  const ready = client.ping().catch(() => undefined);
  const answered = await Promise.race([ready, exit, sleep(READY_WITHIN_MS, undefined, { ref: false })]);
  client.disconnect();
  if (answered !== 'PONG') {
    child.kill('SIGKILL');
    const complaint = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`redis-server did not start (${ended ?? 'no answer'}): ${complaint.slice(-2_000)}`);
  }
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      const late = sleep(STOPPED_WITHIN_MS, 'late', { ref: false });
      if ((await Promise.race([exit, late])) === 'late') child.kill('SIGKILL');
      await exit;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return address.port;
}
