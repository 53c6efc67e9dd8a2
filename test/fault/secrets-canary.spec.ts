import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { type FreshRedis, freshRedis } from '../support/redis.js';
import { CliProcess } from './backup-support.js';
import { built, StandaloneProcess } from './standalone-process.js';

let folder: string;
let database: FreshDatabase;
let redis: FreshRedis;
let db: Database;
let server: StandaloneProcess;
let url: string;
let keyDir: string;
let dataDir: string;
/** Everything that was ever answered. */
const answered: string[] = [];
const canaries: string[] = [];

/** A secret that stands nowhere by chance. */
function canary(): string {
  const made = `sk-${randomBytes(20).toString('hex')}`;
  canaries.push(made);
  return made;
}

beforeAll(async () => {
  await built();
  folder = await mkdtemp(join(tmpdir(), 'tenantry-canary-'));
  [database, redis] = await Promise.all([freshDatabase(), freshRedis()]);
  db = openDatabase(database.url, { poolSize: 1 });
  [dataDir, keyDir] = [join(folder, 'data'), join(folder, 'keys')];
  const env = { POSTGRES_URL: database.url, REDIS_URL: redis.url, LOG_LEVEL: 'trace' };
  server = new StandaloneProcess({ dataDir, keyDir, env });
  url = await server.url();
}, 120_000);
afterAll(async () => {
  await server?.kill('SIGKILL');
  await db?.destroy();
  await Promise.all([database?.drop(), redis?.drop()]);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function send(
  sub: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; token: string }> {
  const email = sub === 'admin' ? 'admin@localhost' : `${sub}@acme.test`;
  const token = await signDevToken(await loadKeys(keyDir), { sub, email, ttlSeconds: 600 });
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  answered.push(text, JSON.stringify([...response.headers]));
  return { status: response.status, text, token: response.headers.get('consistency-token') ?? '' };
}
const command = async (sub: string, name: string, input: unknown, headers?: Record<string, string>) =>
  send(sub, `/v1/orgs/acme/commands/${name}`, input, headers);

async function* filesIn(path: string): AsyncIterable<string> {
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
}

async function rowsOfEverything(): Promise<string[]> {
  const tables = await rowsOf<{ name: string }>(
    db,
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  );
  const texts = await Promise.all(
    tables.map(({ name }) =>
      rowsOf<{ text: string | null }>(db, `select string_agg(to_jsonb(t)::text, ' ') as text from ${name} t`),
    ),
  );
  expect(tables.length).toBeGreaterThan(20);
  return texts.flat().map(({ text }) => text ?? '');
}

async function valuesInRedis(): Promise<string[]> {
  const client = new Redis(redis.url);
  try {
    const keys = await client.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await client.type(key);
        return JSON.stringify(
          type === 'hash' ? await client.hgetall(key) : type === 'string' ? await client.get(key) : type,
        );
      }),
    );
    return [...keys, ...values];
  } finally {
    client.disconnect();
  }
}

/** Parts of a secret as text, and of its bytes as encodings would write them, whatever stands before. */
function needlesOf(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex');
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(`${'x'.repeat(before)}${secret}`)
      .toString('base64')
      .slice(4, 36),
  );
  return [secret.slice(3, 19), secret.slice(-16), hex.slice(8, 40), ...base64];
}

function expectNoCanary(place: string, bytes: string | Buffer): void {
  for (const secret of canaries)
    for (const needle of needlesOf(secret)) if (bytes.includes(needle)) throw new Error(`a secret stands in ${place}`);
}

it('a provider credential is nowhere but with the vault: neither stores nor logs, answers nor exports hold it', async () => {
  await send('admin', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await command('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
  const key = (keyId: string, secret: string) => ({
    keyId,
    provider: 'aws-bedrock',
    name: 'Bedrock',
    credential: { accessKeyId: secret, secretAccessKey: secret, region: 'eu-central-1' },
  });
  const kept = canary();
  const once = { 'idempotency-key': '"one"' };
  expect((await command('olga', 'AddProviderKey', key('one', kept), once)).status).toBe(200);
  expect((await command('olga', 'AddProviderKey', key('one', kept), once)).status).toBe(200);
  expect((await command('olga', 'AddProviderKey', key('one', canary()), once)).status).toBe(422);
  expect((await command('olga', 'AddProviderKey', key('one', canary()))).status).toBe(409);
  expect((await command('olga', 'AddProviderKey', key('dry', canary()), { 'dry-run': 'true' })).status).toBe(200);
  expect((await command('pat', 'AddProviderKey', key('two', canary()))).status).toBe(403);
  expect((await command('stranger', 'AddProviderKey', key('two', canary()))).status).toBe(404);
  const batch = { commands: [{ command: 'AddProviderKey', input: key('two', canary()) }] };
  expect((await send('olga', '/v1/orgs/acme/commands', batch)).status).toBe(200);
  const rotated = { keyId: 'one', credential: { accessKeyId: canary(), secretAccessKey: canary(), region: 'x' } };
  const { token } = await command('olga', 'RotateProviderKey', rotated);
  expect(token).not.toBe('');
  for (const broken of [
    { ...key('bad', ''), credential: canary() },
    { ...key('bad', ''), credential: { apiKey: `${canary()}\u0000` } },
    { ...key('bad', ''), credential: { apiKey: canary().repeat(300) } },
    { ...key('bad', ''), credential: { apiKey: [canary()] } },
    { ...key('bad', canary()), more: 1 },
    `{"keyId": ${canary()}}`,
    `{"credential": {"apiKey": "${canary()}"`,
  ])
    expect((await command('olga', 'AddProviderKey', broken)).status).toBe(400);

  await command('olga', 'CreateEnvironment', { environmentId: 'live', name: 'Live' });
  const issued = await command(
    'olga',
    'IssueEnvironmentCredential',
    { environmentId: 'live' },
    { 'idempotency-key': '"two"' },
  );
  expect(issued.status).toBe(200);
  canaries.push(String(JSON.parse(issued.text).result.key));
  // Shown once: in this answer, and in no other.
  answered.splice(answered.indexOf(issued.text), 1);
  const same = await command(
    'olga',
    'IssueEnvironmentCredential',
    { environmentId: 'live' },
    { 'idempotency-key': '"two"' },
  );
  expect([same.status, JSON.parse(same.text).result]).toEqual([200, undefined]);

  const seen = { 'consistency-token': token };
  const listed = await send('olga', '/v1/orgs/acme/provider-keys', undefined, seen);
  expect(JSON.parse(listed.text)).toMatchObject({
    providerKeys: [
      { id: 'one', provider: 'aws-bedrock', lastFour: { accessKeyId: expect.stringMatching(/^.{4}$/), region: '' } },
      { id: 'two' },
    ],
  });
  const reads: [string, string, string?][] = [
    ['olga', 'orgs/acme/audit?limit=100'],
    ['olga', 'orgs/acme/audit', 'text/csv'],
    ['olga', 'orgs/acme/audit', 'application/x-ndjson'],
    ['olga', 'orgs/acme/history/state'],
    ['olga', 'orgs/acme/ledger/checkpoint'],
    ['olga', 'orgs/acme/reports/access-review'],
    ['olga', 'me/export'],
  ];
  for (const [sub, path, accept] of reads)
    expect([
      path,
      (await send(sub, `/v1/${path}`, undefined, { ...seen, ...(accept === undefined ? {} : { accept }) })).status,
    ]).toEqual([path, 200]);

  // What was rotated away, and the key that was told, are gone from the vault's table before its rows are looked at.
  for (let tries = 0; tries < 300 && (await rowsOf(db, 'select 1 from durable.secrets')).length > 2; tries++)
    await sleep(100);
  const rows = await rowsOfEverything();
  const stored = await valuesInRedis();
  expect(stored.length).toBeGreaterThan(0);
  await server.kill('SIGTERM');
  const place = { dataDir, keyDir, env: { POSTGRES_URL: database.url } };
  const backup = join(folder, 'backup');
  expect(await new CliProcess(place, 'backup', '--to', backup).ended).toMatchObject({ code: 0 });
  const evidence = [
    'evidence',
    '--org',
    'acme',
    '--question',
    'olga org:view acme',
    '--to',
    join(folder, 'evidence.tar'),
  ];
  expect(await new CliProcess(place, ...evidence).ended).toMatchObject({ code: 0 });

  rows.forEach((text) => expectNoCanary('Postgres', text));
  stored.forEach((text) => expectNoCanary('Redis', text));
  answered.forEach((text) => expectNoCanary('an answer', text));
  expect(server.stdout.length + server.stderr.length).toBeGreaterThan(1000);
  expectNoCanary('the log', server.stdout + server.stderr);
  let files = 0;
  for await (const file of filesIn(folder)) {
    files += 1;
    expectNoCanary(file, await readFile(file));
  }
  expect(files).toBeGreaterThan(5);
}, 120_000);
