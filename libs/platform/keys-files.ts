import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The key folder cannot be used; the message says what to do. */
export class KeysUnusable extends Error {
  override readonly name = 'KeysUnusable';
}

const hasModes = process.platform !== 'win32';
const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');

/** The folder for its owner only; created when absent. Throws KeysUnusable where others could enter it. */
export async function openKeyFolder(dir: string): Promise<void> {
  try {
    await mkdir(dirname(dir), { recursive: true });
    await mkdir(dir, { mode: 0o700 });
    await syncFolder(dirname(dir));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw unusable(`The key folder ${dir} cannot be created`, error);
  }
  const found = await stat(dir).catch((error: unknown) =>
    Promise.reject(unusable(`The key folder ${dir} cannot be read`, error)),
  );
  if (!found.isDirectory()) throw new KeysUnusable(`The key folder ${dir} is not a folder.`);
  refuseOpenMode(`key folder ${dir}`, found.mode, 'u=rwx,go=', dir);
}

export const namesIn = (dir: string): Promise<string[]> => readdir(dir);

/** The file's text; undefined when there is none. Throws KeysUnusable where others could read it. */
export async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new KeysUnusable(`The key ${path} is not a file.`);
      refuseOpenMode(`key file ${path}`, found.mode, 'u=rw,go=', path);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof KeysUnusable) throw error;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unusable(`The key file ${path} cannot be read`, error);
  }
}

/**
 * Creates the file whole or not at all. Of several processes that start at once the first wins and the others' text is
 * dropped: whoever needs the content reads it back.
 */
export function createKeyFile(path: string, content: string): Promise<void> {
  return written(path, content, 'created', (temporary) =>
    // A link, unlike a rename, never replaces a key that another process made meanwhile.
    link(temporary, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    }),
  );
}

/** Puts the content in the place of the file's, at once and for good: a reader sees one or the other. */
export function replaceKeyFile(path: string, content: string): Promise<void> {
  return written(path, content, 'replaced', async (temporary) => {
    await rename(temporary, path);
    await syncFolder(dirname(path));
  });
}

/** Writes a file beside the path, durably, and lets it be put into place. */
async function written(
  path: string,
  content: string,
  done: 'created' | 'replaced',
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary);
  } catch (error) {
    throw unusable(`The key file ${path} cannot be ${done}`, error);
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/** Makes names in a folder outlast a crash of the machine. */
export async function syncFolder(dir: string): Promise<void> {
  if (!hasModes) return;
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export const pathOf = (dir: string, name: string): string => join(dir, name);

/** RFC 7638; kept in the file, so that damage to the key is noticed. */
export const thumbprint = (members: object): string =>
  createHash('sha256').update(JSON.stringify(members)).digest('base64url');

function refuseOpenMode(what: string, mode: number, wanted: string, path: string): void {
  if (!hasModes || (mode & 0o077) === 0) return;
  throw new KeysUnusable(
    `The ${what} is open to other users (mode ${octal(mode)}). Run: chmod ${wanted} '${path}'. ` +
      'If others may have read it, its keys are no longer secret.',
  );
}

function unusable(what: string, error: unknown): Error {
  return new KeysUnusable(`${what} (${String(codeOf(error))}).`, { cause: error });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
