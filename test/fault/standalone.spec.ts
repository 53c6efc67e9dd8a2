import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import {
  built,
  listeningOf,
  postgresOf,
  postmasterOf,
  project,
  StandaloneProcess,
  type StandaloneOptions,
} from './standalone-process.js';

const asRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };

let folder: string;
let running: StandaloneProcess[];
beforeAll(() => built(), 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-standalone-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.kill('SIGKILL')));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(options: Partial<StandaloneOptions> = {}): StandaloneProcess {
  const one = new StandaloneProcess({ dataDir: join(folder, 'data'), keyDir: join(folder, 'keys'), ...options });
  running.push(one);
  return one;
}

const dataDir = () => join(folder, 'data');
const isHealthy = async (url: string) => (await fetch(`${url}/readyz`)).status === 200;

/** Creates an organization and waits until the read models show it. Answers the first status that is not 200, else 200. */
async function createOrg(url: string, orgId: string): Promise<number> {
  const keys = await loadKeys(join(folder, 'keys'));
  const bearer = async (sub: string, email: string) =>
    `Bearer ${await signDevToken(keys, { sub, email, ttlSeconds: 600 })}`;
  const ownerId = `owner-of-${orgId}`;
  const created = await fetch(`${url}/v1/realm/commands/CreateOrg`, {
    method: 'POST',
    headers: { authorization: await bearer('admin', 'admin@localhost'), 'content-type': 'application/json' },
    body: JSON.stringify({ orgId, name: orgId, ownerId }),
  });
  if (created.status !== 200) return created.status;
  const authorization = await bearer(ownerId, `${ownerId}@example.test`);
  const token = created.headers.get('consistency-token') ?? '';
  return (await fetch(`${url}/v1/orgs/${orgId}`, { headers: { authorization, 'consistency-token': token } })).status;
}

describe('the standalone', () => {
  it('on an empty folder says in one line that it is ready, where, in which mode, and how to get a token', async () => {
    const server = start();
    const ready = await server.ready();
    expect(server.stdout.trim().split('\n')).toHaveLength(1);
    expect(ready).toMatchObject({ status: 'ready', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    expect(ready.mode).toContain('development mode');
    expect(ready.token).toContain('npx tenantry token');
    expect(await isHealthy(String(ready.url))).toBe(true);
    expect(server.stderr).toBe('');
  }, 60_000);

  it('listens on its own port, and beside it on nothing but one loopback port and Unix sockets', async () => {
    const server = start();
    const { port } = new URL(await server.url());
    const listening = await listeningOf(server.pid);
    expect(listening).toContain(`127.0.0.1:${port}`);
    expect(listening.length).toBeLessThanOrEqual(2);
    expect(listening.filter((address) => !address.startsWith('127.0.0.1:'))).toEqual([]);
    const postgres = await postgresOf(dataDir());
    expect(postgres.length).toBeGreaterThan(0);
    expect((await Promise.all(postgres.map(listeningOf))).flat()).toEqual([]);
  }, 60_000);

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'at %s stops everything and exits with 0',
    async (signal) => {
      const server = start();
      await server.ready();
      expect(await server.kill(signal)).toEqual({ code: 0, signal: null });
      expect(await postgresOf(dataDir())).toEqual([]);
    },
    60_000,
  );

  it('that is told to stop while it starts leaves nothing running', async () => {
    const server = start();
    while ((await postmasterOf(dataDir())) === undefined) await sleep(5);
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(server.stdout).toBe('');
    expect(await postgresOf(dataDir())).toEqual([]);
  }, 60_000);

  it('refuses a folder that another one has, and leaves that one alone', async () => {
    const first = start();
    const url = await first.url();
    const second = start();
    expect(await second.exit).toEqual({ code: 1, signal: null });
    expect(second.stderr).toBe(
      `tenantry could not start. The data folder ${dataDir()} is in use by process ${first.pid}. ` +
        'Stop it first, or give this instance a folder of its own.\n',
    );
    expect(second.stdout).toBe('');
    expect(await isHealthy(url)).toBe(true);
    expect(await createOrg(url, 'undisturbed')).toBe(200);
  }, 60_000);

  it('starts over the orphans of a killed one, with all that was acknowledged', async () => {
    const first = start();
    expect(await createOrg(await first.url(), 'acme')).toBe(200);
    const orphan = await postmasterOf(dataDir());
    // A stopped Postgres cannot follow its parent into the grave.
    process.kill(orphan ?? 0, 'SIGSTOP');
    await first.kill('SIGKILL');
    expect(await postgresOf(dataDir())).toContain(orphan);
    const second = start();
    const url = await second.url();
    expect(await postmasterOf(dataDir())).not.toBe(orphan);
    expect(await postgresOf(dataDir())).not.toContain(orphan);
    expect(await createOrg(url, 'acme')).toBe(409);
    expect(await isHealthy(url)).toBe(true);
  }, 60_000);

  it('tells that its port is taken, exits with 1 and leaves nothing running', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const server = start({ port });
      expect(await server.exit).toEqual({ code: 1, signal: null });
      expect(server.stderr).toContain(
        `tenantry could not start. Port ${port} on 127.0.0.1 is taken by another program.`,
      );
      expect(await postgresOf(dataDir())).toEqual([]);
    } finally {
      taken.close();
    }
  }, 60_000);

  it('tells everything that is wrong with its configuration at once, and touches nothing', async () => {
    const env = { PORT: 'many', LOG_LEVEL: 'loud', POSTGRES_URL: 'mysql://x', READ_WAIT_MS: '-1', HOST: '0.0.0.0' };
    const server = start({ env });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    for (const name of Object.keys(env)) expect(server.stderr).toMatch(new RegExp(`^  ${name}: `, 'm'));
    expect(server.stderr).toContain('tenantry could not start. The configuration has 5 problems');
    expect(server.stderr).not.toContain('    at ');
    expect(await postgresOf(dataDir())).toEqual([]);
  }, 60_000);

  it('refuses to be reached from other machines in development mode', async () => {
    const server = start({ env: { HOST: '0.0.0.0' } });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.stderr).toMatch(
      /HOST: "0\.0\.0\.0" can be reached from other machines while the development issuer is on/,
    );
  }, 60_000);
});

// Only root may become somebody else; whoever is not root runs every other test as an ordinary user.
if (asRoot)
  describe('the standalone, started by root', () => {
    it('runs under a folder that nobody else can enter', async () => {
      await chmod(folder, 0o700);
      const closed = join(folder, 'closed');
      await mkdir(closed, { mode: 0o700 });
      const paths = { dataDir: join(closed, 'data'), keyDir: join(closed, 'keys') };
      const server = start(paths);
      expect(await isHealthy(await server.url())).toBe(true);
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(await postgresOf(paths.dataDir)).toEqual([]);
    }, 60_000);

    describe('as an ordinary user', () => {
      let copy: string;
      beforeAll(async () => {
        copy = await mkdtemp(join(tmpdir(), 'tenantry-dist-'));
        await chmod(copy, 0o755);
        await cp(join(project, 'dist'), join(copy, 'dist'), { recursive: true });
        await cp(join(project, 'package.json'), join(copy, 'package.json'));
        await symlink(join(project, 'node_modules'), join(copy, 'node_modules'));
      });
      afterAll(() => rm(copy, { recursive: true, force: true }));

      it('runs in a folder that this user owns', async () => {
        if (!(await canRead(join(project, 'node_modules', 'pg', 'package.json'), NOBODY))) {
          process.stderr.write(
            'The checkout stands in a folder closed to others: nothing of it can run as another user.\n',
          );
          return;
        }
        const own = join(folder, 'own');
        await mkdir(own, { mode: 0o700 });
        await chown(own, NOBODY.uid, NOBODY.gid);
        await chmod(folder, 0o711);
        const paths = { dataDir: join(own, 'data'), keyDir: join(own, 'keys') };
        const server = start({ ...paths, root: copy, user: NOBODY });
        expect(await isHealthy(await server.url())).toBe(true);
        expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
        expect(await postgresOf(paths.dataDir)).toEqual([]);
      }, 60_000);
    });
  });

async function canRead(path: string, user: { uid: number; gid: number }): Promise<boolean> {
  const [code] = await once(spawn('test', ['-r', path], user), 'exit');
  return code === 0;
}
