import { access, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { asSeenBy, type Environment, giveTo, run, type Way } from './unprivileged.js';

export const NAME = 'tenantry';
/** The format on disk that the installed binaries read. */
const MAJOR_VERSION = '18';
const HALF_MADE = 'cluster.new-';

interface Options {
  readonly dataDir: string;
  readonly way: Way;
  readonly binaries: Binaries;
  readonly environment: Environment;
  readonly durable: boolean;
}

/** Makes sure that `cluster` is a complete cluster which Postgres, run this way, accepts. True when it was created. */
export async function ensureCluster(cluster: string, options: Options): Promise<boolean> {
  await removeHalfMade(options.dataDir);
  const created = !(await exists(cluster));
  if (created) await create(cluster, options);
  const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (version !== MAJOR_VERSION) {
    throw new Error(
      `${cluster} was written by Postgres ${version}, and the embedded one is ${MAJOR_VERSION}. ` +
        'Upgrade it with pg_upgrade, or set POSTGRES_URL to a Postgres that reads it.',
    );
  }
  await giveTo(cluster, options.way.owner);
  return created;
}

/** Made elsewhere and renamed when complete: a kill in the middle leaves nothing that looks like a cluster. */
async function create(cluster: string, { dataDir, way, binaries, environment, durable }: Options): Promise<void> {
  const folder = await mkdtemp(join(dataDir, HALF_MADE));
  const call = { cwd: folder, environment };
  const at = asSeenBy(way, folder);
  await giveTo(folder, way.owner);
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  // Trust is safe: the server listens on nothing but a socket in a folder that only its owner can enter.
  const auth = ['--auth-local=trust', '--auth-host=reject', `--username=${NAME}`];
  const sync = durable ? [] : ['--no-sync'];
  await run(way, binaries.initdb, ['-D', at, ...locale, ...auth, ...sync, '--no-instructions'], call);
  const single = ['--single', '-D', at, '-c', 'exit_on_error=on', '-c', `fsync=${durable ? 'on' : 'off'}`, 'template1'];
  await run(way, binaries.postgres, single, { ...call, input: `CREATE DATABASE ${NAME};\n` });
  await rename(folder, cluster);
  if (durable) await syncFolder(dataDir);
}

async function removeHalfMade(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(HALF_MADE) && !name.startsWith('probe-')) continue;
    // Its initdb may still be writing for a moment; what stays is removed by the next start.
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
