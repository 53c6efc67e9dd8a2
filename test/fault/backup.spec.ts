import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CliProcess, type Place, Tenancy } from './backup-support.js';
import { built, postgresOf, StandaloneProcess } from './standalone-process.js';

let folder: string;
let here: Place;
let servers: StandaloneProcess[];
beforeAll(() => built(), 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-backup-'));
  here = { dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') };
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((one) => one.kill('SIGKILL')));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function serve(place: Place): Promise<{ server: StandaloneProcess; tenancy: Tenancy }> {
  const server = new StandaloneProcess(place);
  servers.push(server);
  return { server, tenancy: new Tenancy(await server.url(), place.keyDir) };
}

const stop = async (server: StandaloneProcess) =>
  expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });

const cli = (place: Place, ...argv: string[]) => new CliProcess(place, ...argv).ended;
const backupDir = () => join(folder, 'backup');
const there = (): Place => ({ dataDir: join(folder, 'there', 'data'), keyDir: join(folder, 'there', 'keys') });
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('tenantry backup and restore', () => {
  it('bring a deployment back, made while it ran, with the keys kept apart', async () => {
    const first = await serve(here);
    await first.tenancy.found('acme');
    const added = await first.tenancy.addModel('acme', 'a1');
    const told = await first.tenancy.told('acme', added.token);
    const keys = join(folder, 'keys-apart');
    const made = await cli(here, 'backup', '--to', backupDir(), '--with-keys', keys);
    expect(made).toMatchObject({ code: 0, err: '', out: expect.stringContaining('of subject_keys') });
    expect((await readdir(backupDir())).filter((name) => !name.startsWith('durable.'))).toEqual([
      'events.jsonl.gz',
      'manifest.json',
    ]);
    for (const name of await readdir(backupDir())) expect((await stat(join(backupDir(), name))).mode & 0o077).toBe(0);
    // The server took no notice, and goes on beyond what the backup holds.
    await first.tenancy.found('later');
    await stop(first.server);

    const restored = await cli(there(), 'restore', '--from', backupDir(), '--keys', keys);
    expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('all are equal, in the same order') });
    const second = await serve(there());
    const again = await second.tenancy.addModel('acme', 'a1');
    expect(again).toMatchObject({ status: 200, body: { ...added.body, position: expect.any(String) } });
    // Names and addresses too, which nobody could read without the keys of their people.
    const toldAgain = await second.tenancy.told('acme', again.token);
    expect(toldAgain).toEqual(told);
    expect(JSON.stringify(toldAgain)).toContain('acme-owner@acme.test');
    expect(await second.tenancy.mayUse('acme', again.token)).toMatchObject({ body: { decision: true } });
    expect(await second.tenancy.send('admin', '/v1/orgs/later')).toMatchObject({ status: 404 });
    await stop(second.server);
    expect(await cli(there(), 'rebuild', '--compare-only')).toMatchObject({ code: 0 });
  }, 180_000);

  it('are made of a stopped server too; the older log is recognized under newer read models', async () => {
    const first = await serve(here);
    await first.tenancy.found('acme');
    await stop(first.server);
    expect(await cli(here, 'backup', '--to', backupDir())).toMatchObject({ code: 0 });
    expect(await postgresOf(here.dataDir)).toEqual([]);
    const on = await serve(here);
    await on.tenancy.told('acme', await on.tenancy.found('later'));
    await stop(on.server);

    const other: Place = { dataDir: there().dataDir, keyDir: here.keyDir };
    expect(await cli(other, 'restore', '--from', backupDir())).toMatchObject({ code: 0 });
    await rename(join(here.dataDir, 'events'), join(folder, 'newer-events'));
    await cp(join(other.dataDir, 'events'), join(here.dataDir, 'events'), { recursive: true });
    const mixed = await serve(here);
    for (;;) {
      const { status, text } = await mixed.tenancy.readiness();
      if (text.includes('LogDiverged')) {
        expect(status).toBe(503);
        break;
      }
      await sleep(20);
    }
  }, 180_000);
});

describe('tenantry restore refuses, and makes nothing, where', () => {
  /** A backup of an instance that was started once. */
  async function backedUp(): Promise<void> {
    await stop((await serve(here)).server);
    expect(await cli(here, 'backup', '--to', backupDir())).toMatchObject({ code: 0 });
  }
  const refused = async (place: Place, err: string | RegExp, ...argv: string[]) => {
    const { code, ...said } = await cli(place, 'restore', '--from', backupDir(), ...argv);
    expect({ code, ...said }).toMatchObject({ code: 1, out: '', err: expect.stringMatching(err) });
    expect(await exists(there().dataDir)).toBe(false);
  };

  it('a file was changed, is missing, or the backup was not finished', async () => {
    await backedUp();
    const other: Place = { dataDir: there().dataDir, keyDir: here.keyDir };
    expect(await cli(other, 'restore', '--from', backupDir(), '--verify-only')).toMatchObject({ code: 0 });
    for (const name of ['events.jsonl.gz', 'durable.subject_keys.jsonl.gz']) {
      const file = join(backupDir(), name);
      const bytes = await readFile(file);
      const changed = Buffer.from(bytes);
      const middle = changed.length >> 1;
      changed[middle] = (changed[middle] ?? 0) ^ 1;
      await writeFile(file, changed);
      await refused(other, `the file ${file} is not the one that was written`);
      await refused(other, `the file ${file} is not the one that was written`, '--verify-only');
      await rm(file);
      await refused(other, `the file ${file} is missing`);
      await writeFile(file, bytes);
    }
    const manifest = join(backupDir(), 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('tenantry-backup/1', 'tenantry-backup/9'));
    await refused(other, 'has the format tenantry-backup/9');
    await writeFile(manifest, text.replace('"events": ', '"events": 1'));
    await refused(other, 'does not hold the log that the manifest tells of');
    await rm(manifest);
    await refused(other, 'this is no backup, or one that was not finished');
    expect((await readdir(folder)).sort()).toEqual(['backup', 'data', 'keys', 'there']);
    expect(await readdir(join(folder, 'there'))).toEqual([]);
  }, 120_000);

  it('the keys are others, or none; the data folder or the backup folder is in use', async () => {
    await backedUp();
    await refused(there(), /There is no key master in .*keys\./);
    const strange: Place = { ...there(), keyDir: join(folder, 'strange-keys') };
    await cli(strange, 'token', '--sub', 'a');
    await refused(strange, 'are not those of this backup');
    await refused(strange, 'is not empty: keys are never overwritten', '--keys', here.keyDir);
    expect(await cli(here, 'restore', '--from', backupDir())).toMatchObject({
      code: 1,
      err: expect.stringContaining(`the data folder ${here.dataDir} is not empty`),
    });

    const run = (...argv: string[]) => cli(here, 'backup', ...argv);
    const free = join(folder, 'free');
    for (const [argv, err] of [
      [['--to', backupDir()], 'is not empty'],
      [['--to', join(here.dataDir, 'x')], '--to must not lie in DATA_DIR'],
      [['--to', join(here.keyDir, 'x')], '--to must be apart from KEY_DIR'],
      [['--to', free, '--with-keys', join(free, 'keys')], '--with-keys must be apart from --to'],
      [[], '--to is needed'],
    ] as const)
      expect(await run(...argv)).toMatchObject({ code: 2, err: expect.stringContaining(err) });
    expect(await cli({ ...here, keyDir: join(folder, 'no-keys') }, 'backup', '--to', free)).toMatchObject({
      code: 1,
      err: expect.stringContaining('No backup was made: There is no key master'),
    });
    expect(await exists(free)).toBe(false);
  }, 120_000);
});
