import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** From <sys/fcntl.h> of macOS and the BSDs: open with an exclusive lock that the kernel frees with the process. */
const O_EXLOCK = 0x20;

/** A data folder can be open in one node only. */
export class DataDirInUse extends Error {
  readonly code = 'data_dir_in_use';
  constructor(dataDir: string) {
    super(`the data folder ${dataDir} is in use by another node`);
  }
}

/**
 * Takes the folder's lock and returns how to free it. The kernel frees it too when the process dies in any way, so no
 * stale lock can keep a node from starting.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  return process.platform === 'linux' || process.platform === 'win32' ? lockByName(dataDir) : lockByFile(dataDir);
}

/** Device and inode name the folder however it is reached: by a link, or by another mount of it. */
async function lockByName(dataDir: string): Promise<() => Promise<void>> {
  const { dev, ino } = await stat(dataDir, { bigint: true });
  const name = `embedded-eventstore:${dev}:${ino}`;
  const digest = createHash('sha256').update(name).digest('hex');
  const path = process.platform === 'linux' ? `\0${name}` : `\\\\.\\pipe\\${digest}`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new DataDirInUse(dataDir) : error);
    });
    server.listen({ path, exclusive: true }, resolve);
  });
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

async function lockByFile(dataDir: string): Promise<() => Promise<void>> {
  const flags = constants.O_CREAT | constants.O_RDWR | constants.O_NONBLOCK | O_EXLOCK;
  const file = await open(join(dataDir, 'lock'), flags).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK' ? new DataDirInUse(dataDir) : error;
  });
  return () => file.close();
}
