import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A strace that works: the one on the path, or else the one of Debian's package, installed or unpacked. */
export async function findTracer(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  if (await traces('strace')) return 'strace';
  try {
    if (process.getuid?.() === 0) {
      await run('apt-get', ['install', '-y', 'strace'], { timeout: 60_000 });
      return (await traces('strace')) ? 'strace' : undefined;
    }
    const folder = await mkdtemp(join(tmpdir(), 'strace-'));
    await run('apt-get', ['download', 'strace'], { cwd: folder, timeout: 60_000 });
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    const unpacked = join(folder, 'usr/bin/strace');
    return (await traces(unpacked)) ? unpacked : undefined;
  } catch {
    return undefined;
  }
}

/** Tracing may be forbidden where the program is there, as in many containers. */
async function traces(command: string): Promise<boolean> {
  return run(command, ['-f', '-o', '/dev/null', 'true']).then(
    () => true,
    () => false,
  );
}
