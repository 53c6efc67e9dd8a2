import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { built, StandaloneProcess } from './standalone-process.js';

const CLIENTS = 12;
/** Far longer than the test takes to see that the server is not ready, also on a machine that is busy. */
const DRAIN_MS = 5_000;
const READ_WAIT_MS = 7_000;

interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A token of the same log for a place that it will not reach in the test. */
function farBeyond(token: unknown): string {
  const [storeId = ''] = Buffer.from(String(token), 'base64url').toString().split(' ');
  return Buffer.from(`${storeId} 999999999999/999999999999`).toString('base64url');
}

describe('SIGTERM under load', () => {
  let folder: string;
  let server: StandaloneProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-drain-'));
    await built();
    const paths = { dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') };
    const env = { DRAIN_MS: `${DRAIN_MS}`, READ_WAIT_MS: `${READ_WAIT_MS}` };
    server = new StandaloneProcess({ ...paths, env });
    await server.ready();
  }, 120_000);
  afterAll(async () => {
    await server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('says first that it is not ready, fails no request, and ends with 0', async () => {
    const url = await server.url();
    const keys = await loadKeys(join(folder, 'keys'));
    const authorization = `Bearer ${await signDevToken(keys, { sub: 'admin', email: 'admin@localhost', ttlSeconds: 600 })}`;
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS + 4 });
    const send = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      new Promise<Sent>((resolve, reject) => {
        const json = body === undefined ? {} : { 'content-type': 'application/json' };
        const method = body === undefined ? 'GET' : 'POST';
        const outgoing = request(`${url}${path}`, { agent, method, headers: { authorization, ...json, ...headers } });
        outgoing.on('error', reject);
        outgoing.on('response', (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
          );
        });
        outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      });

    const seen: Sent[] = [];
    const failed: unknown[] = [];
    let ready = true;
    let number = 0;
    // As clients behind a balancer: they send until it has seen that the server is not ready.
    const client = async () => {
      while (ready) {
        const orgId = `org-${++number}`;
        const body = { orgId, name: orgId, ownerId: `owner-${number}` };
        await send('/v1/realm/commands/CreateOrg', body).then(
          (sent) => seen.push(sent),
          (error: unknown) => failed.push(error),
        );
      }
    };
    const load = Array.from({ length: CLIENTS }, client);
    while (seen.length < 2 * CLIENTS) await sleep(10);

    // A read that waits for what will not come within its budget: in flight until long after the listener is gone.
    const { headers } = await send('/v1/realm/commands/CreateOrg', { orgId: 'last', name: 'last', ownerId: 'last' });
    const waiting = send('/v1/me', undefined, { 'consistency-token': farBeyond(headers['consistency-token']) });
    // Should it fail, then where it is awaited.
    waiting.catch(() => {});

    const signalledAt = performance.now();
    server.signal('SIGTERM');
    let probe = await send('/readyz');
    while (probe.status === 200) probe = await send('/readyz');
    expect(JSON.parse(probe.body)).toMatchObject({ ok: false, draining: true });
    expect(probe.headers.connection).toBe('close');
    // Still served while balancers find out.
    const during = await send('/v1/me');
    expect([during.status, during.headers.connection]).toEqual([200, 'close']);
    ready = false;
    await Promise.all(load);
    expect((await waiting).status).toBe(503);
    expect(performance.now() - signalledAt).toBeGreaterThan(DRAIN_MS);
    expect(failed).toEqual([]);
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    await expect(send('/healthz')).rejects.toThrow(/ECONNREFUSED/);
    agent.destroy();
  }, 60_000);
});
