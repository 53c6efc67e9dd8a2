import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { type Keys, loadKeys } from '#libs/platform/keys.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { built, StandaloneProcess } from './standalone-process.js';

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
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

  it.each(['api', 'projector'] as const)('%s says which stores it was not told of, and ends', async (name) => {
    const started = start(name, 0, {});
    await expect(started.ready()).rejects.toThrow(/EVENTSTORE_URL[^]*POSTGRES_URL/);
    expect(await started.exit).toEqual({ code: 1, signal: null });
  });
});
