import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one run, on the disk that temporary files are on. */
export async function temporaryFolder(cleanUp) {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  cleanUp(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
