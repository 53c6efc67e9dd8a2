import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything that a fold, and how it is written down, follows from. */
const folders = ['domain', 'application/snapshots'];

/** A hash of the code that folds, as it runs: any change of it, however small, makes another one. */
export async function foldCode(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const root = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
    const files = (await readdir(root, { recursive: true })).filter((name) => /(?<!\.spec|\.d)\.[jt]s$/.test(name));
    if (files.length === 0) throw new Error(`${root} holds no code`);
    for (const name of files.sort()) hash.update(`${folder}/${name}\0`).update(await readFile(join(root, name)));
  }
  return hash.digest('hex').slice(0, 32);
}
