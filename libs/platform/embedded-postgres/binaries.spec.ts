import { cp, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { binariesIn, findBinaries, linkLibraries } from './binaries.js';
import { ensureCluster } from './cluster.js';
import { CLEAN_ENVIRONMENT, run, waysHere } from './unprivileged.js';

// The way that changes to another user altogether runs a copy outside.
const WAYS_IN_PLACE = (await waysHere()).filter(({ become }) => become === undefined);

describe('the libraries of a package whose install script did not run', () => {
  let dir: string;
  let native: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tenantry-binaries-'));
    native = join(dir, 'package', 'native');
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  const versionRuns = async (environment: Record<string, string>) => {
    const asIs = { name: 'as-is', owner: { uid: 0, gid: 0 }, prefix: [] };
    const call = { cwd: dir, environment: { ...CLEAN_ENVIRONMENT, ...environment } };
    await run(asIs, binariesIn(native).postgres, ['--version'], call);
  };

  const copyWithoutLinks = async () => {
    const { root } = findBinaries();
    const links = new Set(await recorded(root));
    const filter = (path: string) => !links.has(path.slice(root.length - 'native'.length)) && !path.endsWith('.a');
    await cp(root, native, { recursive: true, filter, verbatimSymlinks: true });
  };

  it('are linked in place', async () => {
    await copyWithoutLinks();
    await expect(versionRuns({})).rejects.toThrow('cannot open shared object file');
    expect(await linkLibraries(native, join(dir, 'spare'))).toEqual({});
    await versionRuns({});
    expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toMatch(/^libpq\.so\.5\.\d+$/);
  });

  it.each(WAYS_IN_PLACE)('serve the way "$name" in a checkout closed to others', async (way) => {
    await copyWithoutLinks();
    await linkLibraries(native, join(dir, 'spare'));
    const dataDir = join(dir, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    const options = { dataDir, way, binaries: binariesIn(native), environment: CLEAN_ENVIRONMENT, durable: false };
    expect(await ensureCluster(join(dataDir, 'cluster'), options)).toBe(true);
  });

  it('are linked elsewhere when the package cannot be written to', async () => {
    await mkdir(native, { recursive: true });
    const link = { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' };
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify([link]));
    // The folder is absent: not even root can write to it.
    const environment = await linkLibraries(native, join(dir, 'spare'));
    expect(Object.values(environment)).toEqual([`${join(dir, 'spare')}:${join(native, 'lib')}`]);
    expect(await readlink(join(dir, 'spare', 'libpq.so.5'))).toBe(join(native, 'lib', 'libpq.so.5.18'));
  });
});

async function recorded(root: string): Promise<string[]> {
  const { default: links }: { default: { target: string }[] } = await import(join(root, 'pg-symlinks.json'), {
    with: { type: 'json' },
  });
  return links.map(({ target }) => target);
}
