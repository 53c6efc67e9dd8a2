import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

export interface DataDirLock {
  release(): Promise<void>;
}

const HOLDER_ANSWERS_WITHIN_MS = 500;

/**
 * Takes the folder for this process; a second instance is refused with code `data_dir_in_use`. The kernel frees the lock
 * when the process ends, by `kill -9` too, so nothing stale is ever left behind.
 */
export async function lockDataDir(dir: string): Promise<DataDirLock> {
  return process.platform === 'linux' ? lockByAbstractSocket(dir) : lockByOpenFile(dir);
}

/** Named after the folder's identity, so that two paths to one folder (links, bind mounts) meet in one lock. */
async function lockByAbstractSocket(dir: string): Promise<DataDirLock> {
  const { dev, ino } = await stat(dir, { bigint: true });
  const path = `\0tenantry-data-${dev}-${ino}`;
  // Whoever connects is told the holder's pid; destroying afterwards keeps a silent client from delaying release().
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${process.pid}\n`, () => socket.destroy());
  });
  try {
    await listen(server, path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    throw inUse(dir, await askHolder(path));
  }
  server.unref();
  let released: Promise<void> | undefined;
  return {
    release: () => {
      released ??= new Promise((resolve) => server.close(() => resolve()));
      return released;
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      // A failed accept (say, no file descriptors left) must not end the process: the lock itself still stands.
      server.on('error', () => {});
      resolve();
    });
  });
}

function askHolder(path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path });
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(/^\d+\n$/.test(answer) ? Number(answer) : undefined);
    };
    const timer = setTimeout(finish, HOLDER_ANSWERS_WITHIN_MS);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', finish);
    socket.on('close', finish);
  });
}

/** macOS and the BSDs have no abstract sockets, but their open(2) takes a lock that lives as long as the descriptor. */
const O_EXLOCK = 0x20;

async function lockByOpenFile(dir: string): Promise<DataDirLock> {
  const path = join(dir, '.lock');
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK;
  let file: FileHandle;
  try {
    file = await open(path, flags, 0o600);
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') throw error;
    throw inUse(dir, await pidIn(path));
  }
  await file.truncate(0);
  await file.write(`${process.pid}\n`, 0);
  let released: Promise<void> | undefined;
  return {
    release: () => {
      released ??= file.close();
      return released;
    },
  };
}

async function pidIn(path: string): Promise<number | undefined> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const text = await file.readFile('utf8');
    return /^\d+\n$/.test(text) ? Number(text) : undefined;
  } finally {
    await file.close();
  }
}

function inUse(dir: string, pid: number | undefined): Error {
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  const message = `The data folder ${dir} is in use by ${holder}. Stop it first, or give this instance a folder of its own.`;
  return Object.assign(new Error(message), { code: 'data_dir_in_use', pid });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
