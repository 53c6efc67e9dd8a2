import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { type Keys, loadKeys } from '#libs/platform/keys.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { freePort } from './free-port.js';
import { built, StandaloneProcess } from './standalone-process.js';

/** What is promised; on a machine that others use as well a test allows more. */
const PROMISED_MS = 5_000;
const ALLOWED_MS = 4 * PROMISED_MS;

async function metric(projector: StandaloneProcess, name: string): Promise<number> {
  const { operations } = await projector.ready();
  const text = await (await fetch(`${String(operations)}/metrics`)).text();
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`no metric ${name}`);
  return Number(value);
}

async function leading(projector: StandaloneProcess): Promise<void> {
  while ((await metric(projector, 'tenantry_projector_leading')) !== 1) await sleep(50);
}

describe('api and projector as processes of their own', () => {
  let folder: string;
  let node: EmbeddedNode;
  let database: FreshDatabase;
  let keys: Keys;
  const running: StandaloneProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-processes-'));
    await built();
    [node, database, keys] = await Promise.all([startNode({}), freshDatabase(), loadKeys(join(folder, 'keys'))]);
  }, 120_000);
  afterAll(async () => {
    for (const each of running) await each.kill('SIGKILL');
    await node.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (name: 'api' | 'projector', port: number, env?: Record<string, string>) => {
    const stores = { EVENTSTORE_URL: node.connectionString, POSTGRES_URL: database.url };
    const paths = { dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') };
    const started = new StandaloneProcess({ ...paths, process: name, port, env: env ?? stores });
    running.push(started);
    return started;
  };
  const bearer = async (sub: string, email: string) =>
    `Bearer ${await signDevToken(keys, { sub, email, ttlSeconds: 600 })}`;

  it('serve one tenancy together, and stop in order', async () => {
    const projector = start('projector', 0);
    await projector.ready();
    const apis = [start('api', await freePort()), start('api', await freePort())];
    const [first = '', second = ''] = await Promise.all(apis.map((api) => api.url()));
    const post = async (url: string, authorization: string, body: unknown, token?: string) => {
      const headers = {
        authorization,
        'content-type': 'application/json',
        ...(token && { 'consistency-token': token }),
      };
      return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    };
    const admin = await bearer('admin', 'admin@localhost');
    const owner = await bearer('olga', 'olga@example.test');
    const created = await post(`${first}/v1/realm/commands/CreateOrg`, admin, {
      orgId: 'acme',
      name: 'Acme',
      ownerId: 'olga',
    });
    expect(created.status).toBe(200);
    const added = await post(`${second}/v1/orgs/acme/commands/CreateEnvironment`, owner, {
      environmentId: 'live',
      name: 'Live',
    });
    expect(added.status).toBe(200);
    const token = added.headers.get('consistency-token') ?? '';
    const question = {
      subject: { type: 'user', id: 'olga' },
      action: { name: 'environment:use' },
      resource: { type: 'environment', id: 'acme/live' },
    };
    for (const url of [first, second]) {
      const answer = await post(`${url}/access/v1/evaluation`, owner, question, token);
      expect(await answer.json()).toMatchObject({ decision: true });
    }
    for (const each of [...apis, projector]) expect(await each.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 60_000);

  it('one projector is active and one stands by, which takes over from one that is killed, frozen or stopped', async () => {
    const api = start('api', await freePort());
    const url = await api.url();
    const authorization = await bearer('admin', 'admin@localhost');
    let number = 0;
    /** From a command until the read models show it, in milliseconds. */
    const visible = async (): Promise<number> => {
      const orgId = `failover-${++number}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const body = JSON.stringify({ orgId, name: orgId, ownerId: `owner-${number}` });
      const created = await fetch(`${url}/v1/realm/commands/CreateOrg`, { method: 'POST', headers, body });
      expect(created.status).toBe(200);
      const token = created.headers.get('consistency-token') ?? '';
      const began = performance.now();
      const read = () => fetch(`${url}/v1/me`, { headers: { authorization, 'consistency-token': token } });
      for (let answer = await read(); answer.status !== 200; answer = await read()) expect(answer.status).toBe(503);
      return performance.now() - began;
    };

    let active = start('projector', 0);
    await leading(active);
    const took: Record<string, number> = {};
    for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGTERM'] as const) {
      const standby = start('projector', 0);
      await standby.ready();
      expect(await metric(standby, 'tenantry_projector_leading')).toBe(0);
      expect(await metric(active, 'tenantry_projector_leading')).toBe(1);
      // Visible through the active one; the standby does not work on it as well.
      await visible();
      expect(await metric(standby, 'tenantry_projection_events_total')).toBe(0);
      active.signal(signal);
      took[signal] = await visible();
      await leading(standby);
      if (signal === 'SIGSTOP') {
        // It wakes up in the belief that it is the active one, and learns that it is not.
        active.signal('SIGCONT');
        while ((await metric(active, 'tenantry_projector_leading')) !== 0) await sleep(50);
        await visible();
      }
      if (signal === 'SIGTERM') expect(await active.exit).toEqual({ code: 0, signal: null });
      else await active.kill('SIGKILL');
      active = standby;
    }
    const told = Object.entries(took).map(([signal, ms]) => `${signal} ${Math.round(ms)} ms`);
    process.stderr.write(`Visible again after: ${told.join(', ')}; promised within ${PROMISED_MS} ms\n`);
    for (const ms of Object.values(took)) expect(ms).toBeLessThan(ALLOWED_MS);
  }, 120_000);

  it('a projector answers probes and scrapes on a port of its own', async () => {
    const projector = start('projector', 0);
    const { operations } = await projector.ready();
    const get = async (path: string, method = 'GET') => {
      const answer = await fetch(`${String(operations)}${path}`, { method });
      return { status: answer.status, type: answer.headers.get('content-type') ?? '', body: await answer.text() };
    };
    expect(await get('/healthz')).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(JSON.parse((await get('/readyz')).body)).toMatchObject({ ok: true, parts: { postgres: { ok: true } } });
    expect((await get('/metrics')).body).toContain('tenantry_part_up{part="event-store"} 1');
    expect(await get('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' });
    for (const path of ['/', '/v1/orgs', '/constructor', '/metrics?x']) expect((await get(path)).status).toBe(404);
    expect((await get('/readyz', 'POST')).status).toBe(404);
    const other = start('projector', Number(new URL(String(operations)).port));
    await expect(other.ready()).rejects.toThrow(/taken by another program[^]*PORT/);
    expect(await projector.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 60_000);

  it.each(['api', 'projector'] as const)('%s says which stores it was not told of, and ends', async (name) => {
    const started = start(name, 0, {});
    await expect(started.ready()).rejects.toThrow(/EVENTSTORE_URL[^]*POSTGRES_URL/);
    expect(await started.exit).toEqual({ code: 1, signal: null });
  });
});
