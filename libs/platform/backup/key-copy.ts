import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KeysUnusable, syncFolder } from '../keys-files.js';
import { type Keys, loadKeys } from '../keys.js';

/** Copies every key file to another folder, which must be empty or absent; only its owner may enter it. */
export async function copyKeys(from: string, to: string): Promise<void> {
  if (!(await isEmptyFolder(to))) throw new KeysUnusable(`The folder ${to} is not empty: keys are never overwritten.`);
  await mkdir(to, { recursive: true, mode: 0o700 });
  const names = (await readdir(from)).filter((name) => !name.endsWith('.tmp')).sort();
  try {
    for (const name of names) {
      const copy = join(to, name);
      await copyFile(join(from, name), copy, constants.COPYFILE_EXCL);
      const file = await open(copy, 'r+');
      await file.chmod(0o600);
      await file.sync();
      await file.close();
    }
    await syncFolder(to);
    await loadKeys(to);
  } catch (error) {
    for (const name of names) await rm(join(to, name), { force: true });
    throw error;
  }
}

/** The keys in a folder; unlike `loadKeys`, makes none. Throws KeysUnusable where there are none. */
export async function presentKeys(folder: string): Promise<Keys> {
  for (const name of ['master', 'index']) {
    const there = await stat(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!there) throw new KeysUnusable(`There is no key ${name} in ${folder}.`);
  }
  return loadKeys(folder);
}

/** True for one that is not there yet, too. */
export async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw error;
  }
}
