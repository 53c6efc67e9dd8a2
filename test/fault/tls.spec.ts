import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { SystemClock } from '#libs/platform/clock.js';
import { loadConfig } from '#libs/platform/config.js';
import { compose } from '../../apps/compose.js';
import { outerStores } from '../../apps/outer-stores.js';
import { authority } from '../support/certificates.js';
import {
  PASSWORD,
  startTlsStores,
  type StoreVariable,
  type TlsStores,
  USER,
  type Wrong,
} from '../support/tls-stores.js';
import { freePort } from './free-port.js';
import { built, StandaloneProcess } from './standalone-process.js';

const variables: readonly StoreVariable[] = ['EVENTSTORE_URL', 'POSTGRES_URL', 'REDIS_URL'];
const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('TLS, credentials and a CA for every URL', () => {
  let folder: string;
  let stores: TlsStores;
  const running: StandaloneProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-tls-'));
    stores = await startTlsStores(folder);
    stores.provider.publish('one', signing.publicKey, 'ES256');
  }, 120_000);
  afterAll(async () => {
    for (const each of running) await each.kill('SIGKILL');
    await stores?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const environment = (wrong?: Wrong) => ({
    ...stores.environment(wrong),
    OIDC_ISSUERS: stores.provider.issuer,
    OIDC_AUDIENCE: 'tenantry',
    PLATFORM_ADMIN_EMAILS: 'admin@tenantry.test',
    DRAIN_MS: '0',
    LOG_LEVEL: 'debug',
  });
  const paths = () => ({ dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') });
  const start = (name: 'api' | 'projector', port: number, env: Record<string, string>) => {
    const started = new StandaloneProcess({ ...paths(), process: name, port, env });
    running.push(started);
    return started;
  };
  const token = () =>
    new SignJWT({ email: 'admin@tenantry.test', email_verified: true })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'one' })
      .setIssuer(stores.provider.issuer)
      .setSubject('admin')
      .setAudience('tenantry')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(signing.privateKey);

  it('serve an api and a projector, which tell no password', async () => {
    await built();
    const NODE_EXTRA_CA_CERTS = stores.ca.file;
    const projector = start('projector', 0, environment());
    await projector.ready();
    const api = start('api', await freePort(), { ...environment(), NODE_EXTRA_CA_CERTS });
    const distrustful = start('api', await freePort(), environment());
    const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' };
    const create = async (url: string) =>
      fetch(`${url}/v1/realm/commands/CreateOrg`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ orgId: 'acme', name: 'Acme', ownerId: 'u_olga' }),
      });
    const created = await create(await api.url());
    expect([created.status, await created.text()]).toEqual([200, expect.stringContaining('OrgCreated')]);
    const read = await fetch(`${await api.url()}/v1/me`, {
      headers: { ...headers, 'consistency-token': created.headers.get('consistency-token') ?? '' },
    });
    expect(read.status).toBe(200);
    // The provider's authority comes by Node's own variable; without it no token can be verified.
    expect((await create(await distrustful.url())).status).toBe(503);
    const redis = stores.proxies.REDIS_URL.received().toString();
    expect([redis.includes(USER), redis.includes(PASSWORD)]).toEqual([true, true]);
    expect(stores.proxies.POSTGRES_URL.received().toString()).toContain(USER);
    const ready = await (await fetch(`${await api.url()}/readyz`)).text();
    for (const each of [api, distrustful, projector])
      expect(await each.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    for (const told of [ready, ...running.flatMap(({ stdout, stderr }) => [stdout, stderr])]) expectNoPassword(told);
    // Written in the background, and all there in the end.
    expect(api.stderr).toContain('"msg":"stopping"');
  }, 240_000);

  it('a wrong CA ends a process with one sentence that names the variable', async () => {
    await built();
    const { file: ca } = await authority(folder, 'other');
    const refused = start('projector', 0, environment({ variable: 'POSTGRES_URL', ca }));
    await expect(refused.ready()).rejects.toThrow(/ended before it was ready/);
    expect(await refused.exit).toEqual({ code: 1, signal: null });
    expect(refused.stderr).toContain(
      'tenantry could not start. POSTGRES_URL: the store that it names cannot be used: ',
    );
    expect(refused.stderr).toContain('its certificate is not signed by an authority that is trusted here.');
    expect(refused.stderr).not.toContain('    at ');
    expectNoPassword(refused.stderr);
  }, 240_000);

  /** What a process would say that starts with this. */
  const refusal = async (wrong: Wrong): Promise<string> => {
    const { dataDir: DATA_DIR, keyDir: KEY_DIR } = paths();
    const config = loadConfig({ ...environment(wrong), DATA_DIR, KEY_DIR });
    const logger = pino({ level: 'silent' });
    const starting = outerStores(config).then((outer) =>
      compose({ config, ...outer, clock: new SystemClock(), logger, project: false }),
    );
    const { message } = await starting.then(
      async (started) => (await started.stop(), new Error('it started')),
      (error: Error) => error,
    );
    expectNoPassword(message);
    return message;
  };

  it.each(variables)('%s: a wrong CA, and a file that is none', async (variable) => {
    const { file: ca } = await authority(folder, `other-than-${variable}`);
    expect(await refusal({ variable, ca })).toBe(
      `${variable}: the store that it names cannot be used: its certificate is not signed by an authority that is trusted here.`,
    );
    expect(await refusal({ variable, ca: join(folder, 'absent.crt') })).toMatch(
      `${variable}: the file of its parameter`,
    );
    const empty = join(folder, 'empty.crt');
    await writeFile(empty, 'nothing');
    expect(await refusal({ variable, ca: empty })).toMatch(/: the file of its parameter \w+ holds no certificate/);
  });

  it.each(['POSTGRES_URL', 'REDIS_URL'] as const)('%s: a wrong password', async (variable) => {
    expect(await refusal({ variable, password: 'hunter2 no more' })).toBe(
      `${variable}: the store that it names cannot be used: it refuses the user or the password.`,
    );
  });

  it('EVENTSTORE_URL: the credentials arrive, and a server may refuse them', async () => {
    const seen: unknown[] = [];
    const server = createSecureServer(stores.ca.issue(['127.0.0.1']));
    server.on('stream', (stream, headers) => {
      seen.push(headers.authorization);
      // UNIMPLEMENTED to the question for its features, which is asked without credentials; else UNAUTHENTICATED.
      const status = headers[':path']?.includes('ServerFeatures') ? '12' : '16';
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
        { endStream: true },
      );
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await refusal({ variable: 'EVENTSTORE_URL', port })).toBe(
      'EVENTSTORE_URL: the store that it names cannot be used: it refuses the user or the password.',
    );
    expect(seen).toContain(`Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`);
    server.close();
  });

  it.each(['EVENTSTORE_URL', 'POSTGRES_URL'] as const)('%s: nothing answers', async (variable) => {
    expect(await refusal({ variable, port: 1 })).toBe(
      `${variable}: the store that it names cannot be used: nothing answers at its address.`,
    );
  });

  it('REDIS_URL: one that is away is not needed', async () => {
    expect(await refusal({ variable: 'REDIS_URL', port: 1 })).toBe('it started');
  });
});

function expectNoPassword(text: string): void {
  for (const secret of ['hunter2', encodeURIComponent(PASSWORD).slice(0, 12)]) expect(text).not.toContain(secret);
}
