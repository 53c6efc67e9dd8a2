import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { inChild, killChildren, PROJECT } from '../../../test/support/servers-in-child.js';
import { lockDataDir } from '../data-dir-lock.js';
import { startPostgres } from './embedded-postgres.js';
import { postgresOn, postmasterFile } from './processes.js';
import { startServer } from './server.js';
import { waysHere } from './unprivileged.js';
import { killIfAlive } from '../../../test/support/kill.js';

const QUICK_START_MS = 3_000;
const WAYS = await waysHere();
const NOBODY = { uid: 65534, gid: 65534 };
const otherUserSeesProject = spawnSync('test', ['-r', join(PROJECT, 'package.json')], NOBODY).status === 0;

// A disk that is busy makes each start of a server slow.
jest.setTimeout(120_000);

describe('the embedded Postgres', () => {
  let dir: string;
  let dataDir: string;
  let cluster: string;

  beforeEach(async () => {
    // mkdtemp makes it with mode 0700, as a checkout below a home folder may be.
    dir = await mkdtemp(join(tmpdir(), 'tenantry-embedded-'));
    dataDir = join(dir, 'data', 'postgres');
    cluster = join(dataDir, 'cluster');
  });

  afterEach(async () => {
    await killChildren();
    for (const pid of await postgresOn(cluster)) killIfAlive(pid);
    // A killed start leaves its sockets for the next one to remove, and here none may follow.
    const sockets = await readFile(join(dataDir, 'socket-folder'), 'utf8').catch(() => undefined);
    if (sockets !== undefined) await rm(sockets, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  const start = () => startPostgres({ dataDir, durable: false });

  /** A process that starts Postgres, commits one note and waits. `orphan` is what stays where the kernel tells no death. */
  const startInChild = ({ orphan = false, ...user }: { orphan?: boolean; uid?: number; gid?: number } = {}) =>
    inChild(
      `
      const { Client } = (await import('pg')).default;
      const { startServer } = await import(${source('server.ts')});
      const { waysHere } = await import(${source('unprivileged.ts')});
      const server = await startServer({
        dataDir: ${JSON.stringify(dataDir)}, durable: true, ways: await waysHere(), dieWithParent: ${!orphan}, log: () => {},
      });
      const client = new Client(server.url);
      await client.connect();
      await client.query('CREATE TABLE IF NOT EXISTS notes (body text)');
      await client.query("INSERT INTO notes VALUES ('committed')");
      console.log('committed');
      setInterval(() => {}, 1_000);
    `,
      user,
    );

  it('serves an empty UTF-8 database to its owner alone, and refuses a second start on the folder', async () => {
    const postgres = await start();
    const rows = await query(
      postgres.url,
      `SELECT current_user AS "user", datname AS database, pg_encoding_to_char(encoding) AS encoding, datlocale AS locale
       FROM pg_database WHERE datname = current_database()`,
    );
    expect(rows).toEqual([{ user: 'tenantry', database: 'tenantry', encoding: 'UTF8', locale: 'C.UTF-8' }]);
    expect(await query(postgres.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
    const sockets = new URL(postgres.url).searchParams.get('host') ?? '';
    expect((await stat(sockets)).mode & 0o777).toBe(0o700);
    expect((await stat(cluster)).mode & 0o777).toBe(0o700);
    // A process group of its own is out of reach of the terminal's Ctrl-C.
    const { pid } = await postmasterFile(cluster);
    const group = spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
    expect(group).toBe(String(pid));
    await expect(start()).rejects.toMatchObject({ code: 'data_dir_in_use' });
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.stop();
    await expect(stat(sockets)).rejects.toThrow('ENOENT');
  });

  it('keeps what was committed over a restart', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE notes (body text)');
    await query(first.url, "INSERT INTO notes VALUES ('kept')");
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'SELECT body FROM notes')).toEqual([{ body: 'kept' }]);
    await second.stop();
  });

  it('ends sessions that are still open when it is stopped, and may be stopped twice', async () => {
    const postgres = await start();
    const client = new Client(postgres.url);
    const lost: string[] = [];
    client.on('error', (error) => lost.push(error.message));
    await client.connect();
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(lost).toContain('terminating connection due to administrator command');
    expect(await postgresOn(cluster)).toEqual([]);
  });

  describe('after kill -9', () => {
    it.each([
      ['ended with its parent', false],
      ['was left running', true],
    ])('starts quickly with all committed data where Postgres %s', async (_, orphan) => {
      const parent = startInChild({ orphan });
      await parent.line();
      const { pid: before } = await postmasterFile(cluster);
      await parent.kill('SIGKILL');
      if (orphan) expect(await postgresOn(cluster)).toContain(before);
      else if (process.platform === 'linux') await until(async () => (await postgresOn(cluster)).length === 0);
      const began = performance.now();
      const postgres = await start();
      expect(performance.now() - began).toBeLessThan(QUICK_START_MS);
      expect(await query(postgres.url, 'SELECT body FROM notes')).toEqual([{ body: 'committed' }]);
      const { pid: after } = await postmasterFile(cluster);
      expect(await postgresOn(cluster)).not.toContain(before);
      expect(after).not.toBe(before);
      await postgres.stop();
    });

    it('of Postgres itself: says so, serves again on the same socket, and stops cleanly', async () => {
      const said: string[] = [];
      const first = await startPostgres({ dataDir, log: (line) => said.push(line) });
      const durable =
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')";
      expect(await query(first.url, durable)).toEqual(
        ['fsync', 'full_page_writes', 'synchronous_commit'].map((name) => ({ name, setting: 'on' })),
      );
      await query(first.url, 'CREATE TABLE notes (body text)');
      await query(first.url, "INSERT INTO notes VALUES ('committed')");
      const { pid } = await postmasterFile(cluster);
      process.kill(pid ?? 0, 'SIGKILL');
      await until(async () => said.some((line) => line.includes('ended by itself (SIGKILL)')));
      const served = async () => (await query(first.url, 'SELECT body FROM notes').catch(() => [])).length === 1;
      await until(served);
      expect((await postmasterFile(cluster)).pid).not.toBe(pid);
      await first.stop();
      expect(await postgresOn(cluster)).toEqual([]);
    });

    it('in the middle of a first start: nothing half made is taken for a cluster', async () => {
      for (const afterMs of [0, 150, 400]) {
        const parent = startInChild({ orphan: true });
        await until(async () => (await readdir(dataDir).catch(() => [])).some((name) => name.startsWith('cluster')));
        await sleep(afterMs);
        await parent.kill('SIGKILL');
      }
      const postgres = await start();
      expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await postgres.stop();
    });
  });

  it('does not take the process that got the number of a dead Postgres for a running one', async () => {
    const first = await start();
    const file = join(cluster, 'postmaster.pid');
    const running = await readFile(file, 'utf8');
    await first.stop();
    // Same owner and alive, so that Postgres itself would refuse to start.
    const stranger = inChild("console.log('here'); setInterval(() => {}, 1_000);");
    await stranger.line();
    await writeFile(file, running.replace(/^\d+/, String(stranger.pid)));
    const second = await start();
    await second.stop();
    expect(() => process.kill(stranger.pid, 0)).not.toThrow();
    await stranger.kill('SIGKILL');
  });

  it.each(WAYS)('runs by the way "$name", in place, in a folder closed to others', async (way) => {
    // Whatever worked first, another way may be the one that works at the next start.
    const next = WAYS[(WAYS.indexOf(way) + 1) % WAYS.length] ?? way;
    for (const one of [way, next]) {
      const server = await startServer({ dataDir, durable: false, ways: [one], dieWithParent: true, log: () => {} });
      await query(server.url, 'CREATE TABLE IF NOT EXISTS notes (body text)');
      await query(server.url, 'CHECKPOINT');
      await server.stop();
    }
  });

  it('says what was tried and what to do where no way works, and leaves the folder free', async () => {
    const ways = [{ name: 'nonsense', owner: { uid: 0, gid: 0 }, prefix: ['no-such-program', '--'] }];
    const attempt = startServer({ dataDir, durable: false, ways, dieWithParent: true, log: () => {} });
    await expect(attempt).rejects.toThrow(/no-such-program --: spawn no-such-program ENOENT[^]*set POSTGRES_URL/);
    expect(await readdir(dataDir)).toEqual([]);
    const lock = await lockDataDir(dataDir);
    await lock.release();
  });

  it('shows what Postgres itself said when it does not start', async () => {
    const postgres = await start();
    await postgres.stop();
    await rm(join(cluster, 'global', 'pg_control'));
    await expect(start()).rejects.toThrow(/could not find the database system[^]*pg_control/);
    expect(await postgresOn(cluster)).toEqual([]);
  });

  // Only root may become somebody else; whoever is not root runs every other test as an ordinary user.
  if (process.getuid?.() === 0 && otherUserSeesProject)
    it('runs for an ordinary user in a folder of theirs, and again after kill -9', async () => {
      await chmod(dir, 0o711);
      await mkdir(join(dir, 'data'), { mode: 0o700 });
      await chown(join(dir, 'data'), NOBODY.uid, NOBODY.gid);
      for (const orphan of [true, false]) {
        const parent = startInChild({ orphan, ...NOBODY });
        expect(await parent.line()).toBe('committed');
        expect((await stat(cluster)).uid).toBe(NOBODY.uid);
        await parent.kill('SIGKILL');
      }
    });
});

function source(file: string): string {
  return JSON.stringify(new URL(`./${file}`, import.meta.url).href);
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 10_000; !(await condition()); await sleep(20)) {
    if (performance.now() > deadline) throw new Error('the condition did not come true within 10 s');
  }
}
