import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Kept in memory by Linux. */
const MEMORY = '/dev/shm';
/** Some ten times what a run of every spec holds at once. */
const ROOM_BYTES = 4_000_000_000;

/**
 * Where the servers and the specs keep their files: in memory where there is room, unless `TMPDIR` names a folder. Making
 * and removing the files of a database costs a third of a spec's time on a disk. Nothing is weaker for it: the tests end
 * processes, and what those wrote outlives them in either place; that data is synced is seen by the calls that are made.
 */
export async function findRoom(): Promise<string> {
  const { TMPDIR = '' } = process.env;
  if (TMPDIR !== '') return tmpdir();
  const free = await statfs(MEMORY).then(
    ({ bavail, bsize }) => Math.min(bavail * bsize, freemem()),
    () => 0,
  );
  return free >= ROOM_BYTES && (await runsPrograms(MEMORY)) ? MEMORY : tmpdir();
}

/** Containers often mount it otherwise. */
async function runsPrograms(path: string): Promise<boolean> {
  const folder = await mkdtemp(join(path, 'tenantry-probe-'));
  try {
    const program = join(folder, 'probe');
    await writeFile(program, '#!/bin/sh\n', { mode: 0o700 });
    await promisify(execFile)(program);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
