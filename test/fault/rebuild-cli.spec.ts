import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startPostgres } from '#libs/platform/embedded-postgres/embedded-postgres.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { main } from '../../apps/cli/main.js';
import { until } from './projector-support.js';
import { built, project, StandaloneProcess, tenantry } from './standalone-process.js';

let folder: string;
let server: StandaloneProcess | undefined;
let commands: ChildProcess[];
beforeAll(() => built(), 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-rebuild-'));
  commands = [];
});
afterEach(async () => {
  for (const command of commands) command.kill('SIGKILL');
  await server?.kill('SIGKILL');
  server = undefined;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const paths = () => ({ dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') });
const runtimeFile = () => join(folder, 'data', 'runtime.json');
const rebuild = (...argv: string[]) => tenantry(paths(), 'rebuild', ...argv);

async function start(): Promise<string> {
  server = new StandaloneProcess(paths());
  return server.url();
}

/** Sends commands and reads what they answered, one after the other; answers every status. */
class Work {
  readonly statuses: number[] = [];
  private going = true;
  private readonly done: Promise<void>;

  constructor(url: string, orgId: string) {
    this.done = this.run(url, orgId);
  }

  async stop(): Promise<number[]> {
    this.going = false;
    await this.done;
    return this.statuses;
  }

  private async run(url: string, orgId: string): Promise<void> {
    const ownerId = `owner-of-${orgId}`;
    const admin = await bearer('admin', 'admin@localhost');
    await this.seen(
      url,
      orgId,
      ownerId,
      await post(`${url}/v1/realm/commands/CreateOrg`, admin, { orgId, name: orgId, ownerId }),
    );
    const owner = await bearer(ownerId, `${ownerId}@example.test`);
    for (let n = 0; this.going; n++) {
      const input = { environmentId: `env-${n}`, name: `Environment ${n}` };
      await this.seen(
        url,
        orgId,
        ownerId,
        await post(`${url}/v1/orgs/${orgId}/commands/CreateEnvironment`, owner, input),
      );
    }
  }

  private async seen(url: string, orgId: string, ownerId: string, answer: Response): Promise<void> {
    const token = answer.headers.get('consistency-token') ?? '';
    const authorization = await bearer(ownerId, `${ownerId}@example.test`);
    const read = await fetch(`${url}/v1/orgs/${orgId}`, { headers: { authorization, 'consistency-token': token } });
    this.statuses.push(answer.status, read.status);
  }
}

async function bearer(sub: string, email: string): Promise<string> {
  return `Bearer ${await signDevToken(await loadKeys(join(folder, 'keys')), { sub, email, ttlSeconds: 600 })}`;
}

const post = (url: string, authorization: string, body: unknown) =>
  fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const postgresOfServer = async () => String(JSON.parse(await readFile(runtimeFile(), 'utf8')).postgresUrl);

describe('tenantry rebuild beside a running server', () => {
  it('compares, switches and switches back while commands and reads go on', async () => {
    const url = await start();
    expect((await stat(runtimeFile())).mode & 0o777).toBe(0o600);
    const work = new Work(url, 'acme');
    await until(() => work.statuses.length > 20);
    const equal = { code: 0, out: expect.stringContaining('every row is equal') };
    expect(await rebuild('--compare-only')).toMatchObject(equal);
    expect(await rebuild()).toMatchObject({ code: 0, out: expect.stringContaining('are in place (read_v1_g3)') });
    expect(await rebuild('members')).toMatchObject(equal);
    expect(await rebuild('--back')).toMatchObject({
      code: 0,
      out: expect.stringContaining('back in place (read_v1_g3)'),
    });
    const before = work.statuses.length;
    await until(() => work.statuses.length > before + 10);
    expect(new Set(await work.stop())).toEqual(new Set([200]));
    expect(await rebuild('--compare-only')).toMatchObject(equal);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await server?.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await expect(stat(runtimeFile())).rejects.toMatchObject({ code: 'ENOENT' });
  }, 120_000);

  it('goes on after it was killed, and after it was stopped, which it says', async () => {
    const url = await start();
    const work = new Work(url, 'acme');
    await until(() => work.statuses.length > 20);
    await connected(await postgresOfServer(), async (client) => {
      // Who reads in one transaction holds up the switch, and with it the command, for as long as this test wants.
      await client.query('begin');
      await client.query('select * from read_v1.checkpoint');
      for (const [signal, exitCode, said] of [
        ['SIGKILL', null, ''],
        ['SIGINT', 1, 'run it again to go on'],
      ] as const) {
        const { child, told, ended } = launched('rebuild');
        await until(() => told().includes('comparing with the live rows'));
        child.kill(signal);
        const { code, err } = await ended;
        expect(code).toBe(exitCode);
        expect(err).toContain(said);
      }
      await client.query('rollback');
    });
    const { code, err, out } = await rebuild();
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('every row is equal') });
    expect(err).toContain('going on in read_v1_g2');
    expect(new Set(await work.stop())).toEqual(new Set([200]));
  }, 120_000);

  function launched(...argv: string[]) {
    const { dataDir, keyDir } = paths();
    const child = spawn(process.execPath, [join(project, 'apps/cli/tenantry.mjs'), ...argv], {
      cwd: '/',
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, KEY_DIR: keyDir },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    commands.push(child);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, err }));
    return { child, told: () => err, ended };
  }
});

describe('tenantry rebuild without a server', () => {
  it('refuses where there are no data, and options that make no sense', async () => {
    expect(await rebuild()).toEqual({ code: 1, out: '', err: expect.stringContaining('there are no data') });
    const io = { environment: {}, out: () => {}, err: () => {} };
    for (const wrong of [['nothing'], ['members', 'people'], ['--back', '--fresh'], ['--back', 'members']])
      expect(await main(['rebuild', ...wrong], io)).toBe(2);
  }, 60_000);

  it('finds a row that the log does not bear out, and mends it', async () => {
    const work = new Work(await start(), 'acme');
    await until(() => work.statuses.length > 2);
    expect(new Set(await work.stop())).toEqual(new Set([200]));
    expect(await server?.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await rebuild('--compare-only')).toMatchObject({
      code: 0,
      out: expect.stringContaining('every row is equal'),
    });

    const postgres = await startPostgres({ dataDir: join(folder, 'data', 'postgres') });
    await connected(postgres.url, (client) => client.query("update read_v1.organizations set name = 'Forged'"));
    await postgres.stop();
    const differing = await rebuild('--compare-only');
    expect(differing.code).toBe(1);
    expect(differing.out).toMatch(/^organizations +1 +1$/m);
    expect(differing.out).toMatch(/^organizations \{"org_id":"acme"\}\n {2}live .*"Forged".*\n {2}rebuilt .*"acme"/m);
    expect(await rebuild()).toMatchObject({ code: 1, out: expect.stringContaining('are in place') });
    expect(await rebuild('--compare-only')).toMatchObject({ code: 0 });
    expect((await fetch(`${await start()}/readyz`)).status).toBe(200);
  }, 120_000);
});
