import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { startTestApi, type TestApi } from '../../test/support/api.js';
import { HttpClient } from '../../test/support/http.js';
import { commandNames, clientSchemas, commandTable } from '#libs/application/command-table.js';
import { consistencyToken } from './requests/consistency-token.js';
import { createApi } from './create-api.js';
import type { ApiServices } from './services.js';

let api: TestApi;
let root: string;
let alice: string;
const lines: string[] = [];
/** What the next request meets instead of the real part. */
const fault: { of?: 'verifier' | 'observations' | 'reading' | 'pipeline' | 'late'; error?: unknown } = {};

function faulty(services: ApiServices): ApiServices {
  const { verifier, observations, reading, pipeline, readPosition } = services;
  const failing = (part: typeof fault.of) => {
    if (fault.of === part) throw fault.error;
  };
  return {
    ...services,
    verifier: {
      verify: async (header: string) =>
        fault.of === 'verifier' ? { ok: false, reason: 'unavailable' } : verifier.verify(header),
    },
    observations: {
      token: async (caller: Parameters<typeof observations.token>[0]) => (
        failing('observations'), observations.token(caller)
      ),
    },
    reading: Object.assign(Object.create(reading), {
      access: async (...question: Parameters<typeof reading.access>) => (
        failing('reading'), reading.access(...question)
      ),
    }),
    pipeline: {
      execute: async (request: Parameters<typeof pipeline.execute>[0]) => (
        failing('pipeline'), pipeline.execute(request)
      ),
    },
    readPosition: {
      current: () => readPosition.current(),
      reached: async (...asked: Parameters<typeof readPosition.reached>) =>
        fault.of !== 'late' && readPosition.reached(...asked),
    },
    probes: [
      ...services.probes,
      { name: 'faulty', check: async () => ({ ok: fault.of === undefined, detail: { why: 'asked to' } }) },
    ],
  } as unknown as ApiServices;
}

beforeAll(async () => {
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  api = await startTestApi({ logger, over: faulty });
  root = await api.bearer('root', { email: 'admin@localhost' });
  alice = await api.bearer('alice', { email: 'alice@acme.test', name: 'Alice' });
  await post(
    '/v1/realm/commands/CreateOrg',
    { orgId: 'acme', name: 'Acme', ownerId: 'alice' },
    { authorization: root },
  );
}, 60_000);
afterAll(() => api?.stop());

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await api.http.send({ path, body, headers: { authorization: alice, ...headers } });
  return { ...answer, body: JSON.parse(answer.text) };
}

async function get(path: string, headers: Record<string, string> = {}) {
  const answer = await api.http.send({ path, headers: { authorization: alice, ...headers } });
  return { ...answer, body: JSON.parse(answer.text) };
}

async function during<T>(of: typeof fault.of, error: unknown, act: () => Promise<T>): Promise<T> {
  Object.assign(fault, { of, error });
  try {
    return await act();
  } finally {
    delete fault.of;
  }
}

const create = (environmentId: string, headers?: Record<string, string>) =>
  post('/v1/orgs/acme/commands/CreateEnvironment', { environmentId, name: 'E' }, headers);

describe('a command', () => {
  it('answers its events, its revision as ETag, and a token that a read can wait for', async () => {
    const { status, headers, body } = await create('one');
    expect([status, headers.etag]).toEqual([200, `"${body.revision}"`]);
    expect(body).toMatchObject({
      command: 'CreateEnvironment',
      events: [{ type: 'EnvironmentCreated' }],
      stream: 'org-acme',
      result: { environmentId: 'one' },
    });
    const read = await get('/v1/orgs/acme/environments/one', {
      'consistency-token': String(headers['consistency-token']),
    });
    expect(read.body).toMatchObject({ id: 'one', createdBy: 'alice' });
  });

  it('under one key is done once, quoted or not; another one under it is refused', async () => {
    const first = await create('keyed', { 'idempotency-key': '"key-1"' });
    const again = await create('keyed', { 'idempotency-key': 'key-1' });
    expect(again.body).toEqual(first.body);
    expect((await create('other', { 'idempotency-key': 'key-1' })).body).toMatchObject({
      status: 422,
      code: 'idempotency_mismatch',
    });
  });

  it('on a dry run shows the data of its events and appends nothing', async () => {
    const before = await api.services.store.head();
    const { body, headers } = await create('dry', { 'dry-run': 'true' });
    expect(body).toMatchObject({
      dryRun: true,
      events: [{ type: 'EnvironmentCreated', data: { environmentId: 'dry' } }],
    });
    expect(headers['consistency-token']).toBeUndefined();
    expect(await api.services.store.head()).toEqual(before);
  });

  it('on a dry run tells effects in one organization: none of what was done before, and none of what reaches all', async () => {
    const dry = { 'dry-run': 'true' };
    const key = { 'idempotency-key': '"effects"' };
    const { body } = await create('with-effects', { ...dry, ...key });
    expect(body.effects).toMatchObject({ changes: [{ principal: 'alice', change: 'gained' }], limits: [] });
    await create('with-effects', key);
    expect((await create('with-effects', { ...dry, ...key })).body.effects).toEqual({ changes: [], limits: [] });
    const role = { userId: 'petra', role: 'platform.privacy-officer', notAfter: '2099-12-31T00:00:00.000Z' };
    const ofRealm = await post('/v1/realm/commands/AssignPlatformRole', role, { ...dry, authorization: root });
    expect([ofRealm.status, ofRealm.body.effects]).toEqual([200, { withheld: 'whole_realm' }]);
  });

  it('with If-Match is done on that revision only', async () => {
    const { headers } = await create('two');
    expect((await create('three', { 'if-match': '"0"' })).body).toMatchObject({
      status: 412,
      code: 'version_conflict',
      revision: expect.any(String),
    });
    expect((await create('three', { 'if-match': String(headers.etag) })).status).toBe(200);
  });

  it('that is refused has its own code and status', async () => {
    const again = await post(
      '/v1/realm/commands/CreateOrg',
      { orgId: 'acme', name: 'X', ownerId: 'bob' },
      { authorization: root },
    );
    expect(again.body).toMatchObject({
      status: 409,
      code: 'org_exists',
      type: `${api.services.publicUrl}/problems/org_exists`,
    });
    const missing = await post('/v1/orgs/acme/commands/DeleteEnvironment', { environmentId: 'none' });
    expect(missing.body).toMatchObject({ status: 422, code: 'environment_not_found' });
  });

  it('in a batch is done with all others or none, and says which one was refused', async () => {
    const add = { command: 'AddMember', input: { userId: 'carol', role: 'org.participant' } };
    const remove = { command: 'DeleteEnvironment', input: { environmentId: 'none' } };
    expect((await post('/v1/orgs/acme/commands', { commands: [add, remove] })).body).toMatchObject({
      code: 'environment_not_found',
      step: 1,
    });
    const many = await post('/v1/orgs/acme/commands', {
      commands: [
        { ...add, input: {} },
        { command: 'CreateOrg', input: {} },
      ],
    });
    expect(many.body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'commands.0.input.userId',
      'commands.0.input.role',
      'commands.1.command',
    ]);
    const token = (await create('after-batch')).headers['consistency-token'];
    const { body } = await get('/v1/orgs/acme/members', { 'consistency-token': String(token) });
    expect(body.members).toEqual([expect.objectContaining({ id: 'alice', email: 'alice@acme.test', name: 'Alice' })]);
  });

  it.each(commandNames)('%s has an example that parses', (name) => {
    expect(clientSchemas[name].safeParse(commandTable[name].example).success).toBe(true);
  });
});

describe('a read', () => {
  it('waits for its token or answers 503, never an older state', async () => {
    const far = consistencyToken(api.services.storeId, '9999999999/9999999999');
    const { status, body, headers } = await get('/v1/orgs/acme', { 'consistency-token': far });
    expect([status, body.code, headers['retry-after']]).toEqual([503, 'stale_read', '1']);
    const late = await during('late', undefined, () => get('/v1/orgs/acme'));
    expect(late.body.code).toBe('stale_read');
  });

  it('tells a token of another store apart', async () => {
    expect((await get('/v1/orgs', { 'consistency-token': consistencyToken('other', '1/1') })).body.code).toBe(
      'foreign_token',
    );
  });

  it('gives every entry once over its pages, newest first, and binds the cursor to the filter', async () => {
    const revisions: string[] = [];
    let next = '';
    do {
      const { body } = await get(`/v1/orgs/acme/audit?limit=2${next}`);
      // Of the organization's own stream; beside it stand the reads of the audit log.
      const own = body.entries.filter(({ stream }: { stream: string }) => stream === 'org-acme');
      revisions.push(...own.map((entry: { revision: string }) => entry.revision));
      next = body.next === undefined ? '' : `&cursor=${body.next}`;
    } while (next !== '');
    expect(revisions).toEqual([...revisions].sort((a, b) => Number(b) - Number(a)));
    expect(revisions.at(-1)).toBe('0');
    expect(new Set(revisions).size).toBe(revisions.length);
    const { body } = await get('/v1/orgs/acme/audit?limit=1');
    expect((await get(`/v1/orgs/acme/audit?limit=1&actor=bob&cursor=${body.next}`)).status).toBe(400);
  });

  it('filters the audit trail', async () => {
    const { body } = await get('/v1/orgs/acme/audit?action=CreateOrg&actor=root&target=alice&outcome=allowed');
    expect(body.entries).toEqual([
      expect.objectContaining({ event: 'OrgCreated', action: 'CreateOrg', actor: 'root', revision: '0' }),
    ]);
  });
});

describe('an evaluation', () => {
  const question = {
    subject: { type: 'user', id: 'alice' },
    action: { name: 'org:view' },
    resource: { type: 'org', id: 'acme' },
  };
  const evaluate = (body: object, path = '', headers?: Record<string, string>) =>
    post(`/access/v1/evaluation${path}`, body, headers);

  it('answers with the moment that it is true of, and explains on request', async () => {
    expect((await evaluate({ ...question, unknown: 1 })).body).toEqual({
      decision: true,
      context: { revision: expect.any(String), position: expect.any(String), at: expect.any(String) },
    });
    expect((await evaluate(question, '?explain=true')).body.context).toMatchObject({
      reason: 'allowed',
      evidence: [expect.any(String)],
    });
  });

  it('asks the past by instant or revision, and refuses the future', async () => {
    const past = async (at: unknown) => (await evaluate({ ...question, context: { at } }, '?explain=true')).body;
    expect((await past({ revision: '0' })).context).toMatchObject({ revision: '0', reason: 'allowed' });
    expect(await past('2020-01-01T00:00:00Z')).toMatchObject({ decision: false });
    expect(await past('2999-01-01T00:00:00Z')).toBe('context.at: lies in the future');
    expect(await past({ revision: '99999' })).toBe('context.at: lies in the future');
    for (const at of ['yesterday', 12, { revision: 1 }, {}])
      expect(await past(at)).toEqual(expect.stringMatching(/^context\.at/));
  });

  it('knows environments of organizations and of people', async () => {
    const use = async (id: string) =>
      (await evaluate({ ...question, action: { name: 'environment:use' }, resource: { type: 'environment', id } })).body
        .decision;
    expect([
      await use('personal/alice'),
      await use('personal/bob'),
      await use('acme/one'),
      await use('acme/none'),
      await use('acme'),
    ]).toEqual([true, false, true, false, false]);
  });

  it('errs with a message string, or with problem details for those who ask', async () => {
    expect((await evaluate({})).body).toEqual(expect.stringContaining('subject: '));
    expect((await evaluate({}, '', { accept: 'application/problem+json' })).body).toMatchObject({
      status: 400,
      code: 'invalid',
    });
    const nobody = await evaluate(question, '', { authorization: '', 'x-request-id': 'r-1' });
    expect([nobody.status, nobody.headers['x-request-id'], typeof nobody.body]).toEqual([401, 'r-1', 'string']);
  });
});

describe('when a part fails', () => {
  it('an identity provider that does not answer is 503, not 401', async () => {
    expect((await during('verifier', undefined, () => get('/v1/me'))).body).toMatchObject({
      status: 503,
      code: 'unavailable',
    });
  });

  it('nobody goes on before the event store holds what their token shows', async () => {
    const authorization = await api.bearer('fresh', { email: 'fresh@acme.test' });
    const answer = await during('observations', new EventStoreUnavailable('down'), () =>
      get('/v1/me', { authorization }),
    );
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect((await get('/v1/me', { authorization })).body).toMatchObject({ id: 'fresh', email: 'fresh@acme.test' });
  });

  it('a defect is 500 without a word of it, and is logged whole with the same id', async () => {
    lines.length = 0;
    const answer = await during('pipeline', new Error('the secret reason'), () =>
      create('never', { 'x-request-id': 'req-77' }),
    );
    expect(answer.body).toEqual({
      type: `${api.services.publicUrl}/problems/internal`,
      title: 'The server failed.',
      status: 500,
      detail: 'The server failed.',
      code: 'internal',
      correlationId: 'req-77',
    });
    expect(
      lines.filter((line) => line.includes('the secret reason') && line.includes('req-77') && line.includes('stack')),
    ).toHaveLength(1);
  });

  it('a database that is away is 503', async () => {
    const answer = await during('reading', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), () =>
      get('/v1/orgs/acme'),
    );
    expect(answer.body).toMatchObject({ status: 503, code: 'unavailable' });
  });

  it('readiness says which part and why; liveness does not care', async () => {
    const { status, body } = await during('late', undefined, () => get('/readyz'));
    expect([status, body.parts.faulty]).toEqual([503, { ok: false, detail: { why: 'asked to' } }]);
    expect((await during('late', undefined, () => get('/healthz'))).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
  });
});

describe('closing', () => {
  it('lets a request in flight end, and takes no more', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = () => {};
    const entered = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const slow = { name: 'slow', check: async () => (arrived(), await held, { ok: true }) };
    const app = await createApi({ ...api.services, probes: [slow] });
    await app.listen(0, '127.0.0.1');
    const http = new HttpClient(Number(new URL(await app.getUrl()).port));
    const inFlight = http.send({ path: '/readyz' });
    await entered;
    const closed = app.close();
    release();
    expect((await inFlight).status).toBe(200);
    await closed;
    await expect(http.send({ path: '/healthz' })).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
    http.close();
  });
});

describe('the outside of the service', () => {
  it('echoes a sound request id, and makes one otherwise', async () => {
    expect((await get('/v1/me', { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe('abc-1');
    for (const id of ['two words', 'x'.repeat(129)])
      expect((await get('/v1/me', { 'x-request-id': id })).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('logs one line for each request, and never a token', async () => {
    lines.length = 0;
    await get('/v1/orgs/acme/members');
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
    expect(logged).toEqual([
      expect.objectContaining({
        method: 'GET',
        route: '/v1/orgs/:orgId/members',
        status: 200,
        actor: 'alice',
        requestId: expect.any(String),
      }),
    ]);
    expect(lines.join('')).not.toContain(alice.slice(7));
    expect(lines.join('')).not.toContain('eyJ');
  });

  it('measures commands by their own names', async () => {
    await create('measured');
    const { text } = await api.http.send({ path: '/metrics' });
    expect(text).toMatch(/tenantry_commands_total\{command="CreateEnvironment",outcome="done"\} \d+/);
    expect(text).toMatch(/tenantry_commands_total\{command="Batch",outcome="environment_not_found"\} 1/);
    for (const name of [
      'tenantry_command_duration_seconds',
      'tenantry_http_requests_total',
      'tenantry_http_request_duration_seconds',
      'tenantry_decisions_total',
      'tenantry_queries_total',
      'process_cpu_seconds_total',
    ])
      expect(text).toContain(`# TYPE ${name} `);
    expect(text).not.toContain('acme');
  });

  it('describes exactly the routes that it has', async () => {
    const { body } = await get('/openapi.json');
    const described = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const generic = new Set(described.map((route) => route.replace(/\/commands\/\w+$/, '/commands/{name}')));
    expect([...generic].sort()).toEqual(routesOf().sort());
    expect(body.openapi).toBe('3.1.0');
    expect(described).toContain('POST /v1/orgs/{orgId}/commands/AddMember');
  });

  it('shows its documentation from its own files only', async () => {
    const page = await api.http.send({ path: '/docs' });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/https?:\/\//);
    for (const [, file] of page.text.matchAll(/(?:src|href)="([^"]+)"/g))
      expect((await api.http.send({ path: `/${file}` })).status).toBe(200);
  });

  it('tells AuthZEN clients where it is by its configuration, not by Host', async () => {
    const { body } = await get('/.well-known/authzen-configuration', { host: 'evil.test' });
    expect(body).toEqual({
      policy_decision_point: api.services.publicUrl,
      access_evaluation_endpoint: `${api.services.publicUrl}/access/v1/evaluation`,
      access_evaluations_endpoint: `${api.services.publicUrl}/access/v1/evaluations`,
      search_subject_endpoint: `${api.services.publicUrl}/access/v1/search/subject`,
      search_resource_endpoint: `${api.services.publicUrl}/access/v1/search/resource`,
      search_action_endpoint: `${api.services.publicUrl}/access/v1/search/action`,
    });
  });

  it('explains every problem where its type leads', async () => {
    const { body } = await get('/problems/no_such_code');
    expect(body.code).toBe('not_found');
    expect((await get('/problems/org_exists')).body).toMatchObject({ code: 'org_exists', status: 409 });
  });
});

/** From the router itself, written as OpenAPI writes paths. */
function routesOf(): string[] {
  const tree: string = api.app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const found = /^((?:│ {3}| {4})*)(?:├── |└── )(\S+)(?: \((.*)\))?/.exec(line);
    if (found === null) return [];
    const [, indent = '', segment = '', methods = ''] = found;
    path.length = indent.length / 4;
    path.push(segment);
    const full = path.join('').replace(/:(\w+)/g, '{$1}');
    return methods
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD')
      .map((method) => `${method} ${full}`);
  });
}
