import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { pino } from 'pino';
import type { z } from 'zod';
import { batchBody, pathOfCommand } from '../../apps/api/commands/steps.js';
import { credentialOperations, decisionOperations } from '../../apps/api/documentation/decision-paths.js';
import { inputSchema } from '../../apps/api/documentation/json-schema.js';
import { sessionRequest } from '../../apps/api/sessions/session-request.js';
import { queryNames, queryTable } from '../../apps/api/queries/query-table.js';
import { commandNames, clientSchemas } from '#libs/application/command-table.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { AppendedEvents } from '../support/appended-events.js';
import type { HttpCall } from '../support/http.js';
import { broken, hostileText, hostileValue, nested } from '../support/http-bodies.js';

const RUNS = 40;
const MB = 1_048_576;

let api: TestApi;
let owner: string;
let stranger: string;
const defects: string[] = [];
const appended = new AppendedEvents();

beforeAll(async () => {
  const logger = pino({ level: 'error' }, { write: (line: string) => void defects.push(line) });
  api = await startTestApi({ logger });
  const admin = await api.bearer('root', { email: 'admin@localhost' });
  owner = await api.bearer('alice');
  stranger = await api.bearer('mallory');
  await post(admin, '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' });
  await post(owner, '/v1/orgs/acme/commands/CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await post(owner, '/v1/orgs/acme/commands/CreateGroup', { groupId: 'ops', name: 'Operations' });
  await post(stranger, '/v1/orgs/acme/commands/CreateEnvironment', { name: 'x' }, 404);
  await appended.streams(api.services.store);
}, 60_000);
// Everything below leaves the log as it was.
afterEach(async () => expect(await appended.streams(api.services.store)).toEqual([]));
afterAll(() => api?.stop());

async function post(authorization: string, path: string, body: unknown, status = 200) {
  const answer = await api.http.send({ path, headers: { authorization }, body });
  expect([answer.status, answer.text]).toEqual([status, expect.anything()]);
}

/** Sends, and holds the answer to what is promised for whatever is sent. */
async function refused(call: HttpCall, statuses: readonly number[] = [400]): Promise<void> {
  const { status, text, headers } = await api.http.send(call);
  expect({ call: shortened(call), status, known: statuses.includes(status) }).toEqual({
    call: shortened(call),
    status,
    known: true,
  });
  expect(defects).toEqual([]);
  expect(headers['x-request-id']).toEqual(expect.any(String));
  if (status < 400) return;
  const body: unknown = JSON.parse(text);
  if (call.path.startsWith('/access/')) expect(body).toEqual(expect.any(String));
  else expect(body).toMatchObject({ status, code: expect.any(String), correlationId: headers['x-request-id'] });
}

const shortened = ({ method, path, body }: HttpCall) =>
  `${method ?? ''} ${path} ${String(JSON.stringify(body)).slice(0, 300)}`;

interface Posted {
  readonly name: string;
  readonly path: string;
  readonly schema: z.ZodType;
}

const posted: readonly Posted[] = [
  ...commandNames.map((name) => ({ name, path: pathOfCommand(name, 'acme'), schema: clientSchemas[name] })),
  { name: 'a batch', path: '/v1/orgs/acme/commands', schema: batchBody },
  { name: 'a session', path: '/v1/session', schema: sessionRequest },
  ...Object.entries({ ...decisionOperations, ...credentialOperations }).map(([name, { path, request }]) => ({
    name,
    path,
    schema: request,
  })),
];

const type = 'application/json';
const brokenBodies: [string, number, string | Buffer | undefined, string][] = [
  ['no body', 400, undefined, type],
  ['no body and no type', 400, undefined, ''],
  ['an empty body', 400, '', type],
  ['half a body', 400, '{"a":', type],
  ['words', 400, 'hello', type],
  ['null', 400, 'null', type],
  ['a list', 400, '[]', type],
  ['a number beyond all', 400, '1e999', type],
  ['a prototype', 400, '{"__proto__":{"admin":true}}', type],
  ['an escaped prototype', 400, '{"\\u005f_proto__":{"admin":true}}', type],
  ['a constructor', 400, '{"constructor":{"prototype":{"admin":true}}}', type],
  ['bytes that are no UTF-8', 400, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), type],
  ['33 levels', 400, `${'['.repeat(33)}${']'.repeat(33)}`, type],
  ['half a million levels', 400, '['.repeat(500_000), type],
  [
    'ten thousand unknown members',
    400,
    JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`m${i}`, i]))),
    type,
  ],
  ['a very long text', 400, JSON.stringify({ name: 'x'.repeat(1_000_000) }), type],
  ['more than 1 MB', 413, JSON.stringify({ name: 'x'.repeat(MB) }), type],
  ['text/plain', 400, '{}', 'text/plain'],
  ['a form', 400, 'a=b', 'application/x-www-form-urlencoded'],
  ['a multipart form', 400, '--x--', 'multipart/form-data; boundary=x'],
  ['XML', 400, '<a/>', 'application/xml'],
  ['a type that is none', 400, '{}', 'json'],
  ['a type of signs', 400, '{}', '//;;=,'],
  ['no type', 400, '{}', ''],
];

describe.each(posted)('$name', ({ path, schema }) => {
  it('answers 400 to a body that its schema does not describe, and appends nothing', async () => {
    const bodies = broken(inputSchema(schema)).filter((body) => !schema.safeParse(roundTripped(body)).success);
    await fc.assert(
      fc.asyncProperty(bodies, (body) =>
        refused(
          {
            path,
            headers: { authorization: owner, 'content-type': 'application/json' },
            body: JSON.stringify(body) ?? '',
          },
          [400],
        ),
      ),
      { numRuns: RUNS },
    );
  });

  it('never fails, whatever someone without rights sends', async () => {
    const answered = path.startsWith('/access/') || path.startsWith('/v1/credentials/');
    // No rights: to nothing here; to nothing in the realm; and no session is needed here.
    const no = path.startsWith('/v1/realm/') ? 403 : path === '/v1/session' ? 422 : 404;
    // What is one's own takes no rights: it is only tried.
    const isOwn = path.startsWith('/v1/me/');
    const own = isOwn ? { 'dry-run': 'true' } : {};
    const allowed = isOwn ? [200, 400, 422] : answered ? [200, 400] : [400, no];
    await fc.assert(
      fc.asyncProperty(fc.oneof(broken(inputSchema(schema)), hostileValue), (body) =>
        refused(
          {
            path,
            headers: { authorization: stranger, 'content-type': 'application/json', ...own },
            body: JSON.stringify(body) ?? '',
          },
          allowed,
        ),
      ),
      { numRuns: RUNS },
    );
  });

  it.each(brokenBodies)('answers %s with %i', async (_, status, body, type) => {
    await refused(
      {
        method: 'POST',
        path,
        headers: { authorization: owner, ...(type === '' ? {} : { 'content-type': type }) },
        body,
      },
      [status],
    );
  });
});

/** What the paths name, as it was set up. */
const existing = new Map([
  ['orgId', 'acme'],
  ['environmentId', 'production'],
  ['groupId', 'ops'],
  ['schemeId', 'enterprise'],
  ['invoiceId', 'in-1'],
  ['userId', 'bob'],
]);

function ofExisting(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = existing.get(name);
    if (id === undefined) throw new Error(`nothing was set up for the {${name}} of ${path}`);
    return id;
  });
}

function roundTripped(body: unknown): unknown {
  const text = JSON.stringify(body);
  return text === undefined ? undefined : JSON.parse(text);
}

describe('queries', () => {
  const paths = queryNames.map((name) => ({
    name,
    path: `${ofExisting(queryTable[name].path)}?${new URLSearchParams(queryTable[name].example)}`,
    filter: queryTable[name].filter,
  }));

  it.each(paths)('$name never fails, whatever its parameters', async ({ path, filter }) => {
    const names = Object.keys((inputSchema(filter).properties as object | undefined) ?? {});
    const name = names.length === 0 ? hostileText : fc.oneof(fc.constantFrom(...names), hostileText);
    const pairs = fc.array(fc.tuple(name, hostileText), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pairs, async (parameters) => {
        const query = parameters
          .map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
          .join('&')
          .slice(0, 8000);
        // Not everything is for the owner of an organization in every scheme.
        const allowed = [200, 400, 403];
        await refused({ path: `${path}&${query}`, headers: { authorization: owner } }, allowed);
      }),
      { numRuns: RUNS },
    );
  });

  it.each(paths)('$name never fails, whatever its Consistency-Token', async ({ path }) => {
    const token = fc.oneof(
      fc.base64String().map((text) => text.replaceAll('/', '_')),
      fc.string({ minLength: 1, maxLength: 300 }).map((text) => Buffer.from(text).toString('base64url')),
      fc.constantFrom(
        Buffer.from(`${api.services.storeId} 99999999999999999999/99999999999999999999 `).toString('base64url'),
        'x',
        '=',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        token.filter((text) => text !== ''),
        (text) => refused({ path, headers: { authorization: owner, 'consistency-token': text } }, [400, 409]),
      ),
      { numRuns: 20 },
    );
  });

  it.each([
    '/v1/orgs',
    '/v1/orgs/acme/members',
    '/v1/orgs/acme/environments',
    '/v1/orgs/acme/audit',
    '/v1/orgs/acme/history/state',
    '/v1/orgs/acme/history/access-diff',
  ])('%s refuses a cursor that is not of this query', async (path) => {
    const other = Buffer.from(JSON.stringify(['x', 'acme'])).toString('base64url');
    for (const cursor of ['x', 'e30', other, Buffer.from('[1').toString('base64url')])
      await refused({ path: `${path}?cursor=${cursor}`, headers: { authorization: owner } });
  });
});

describe('an evaluation by somebody who may ask', () => {
  const path = '/access/v1/evaluation';
  const sound = {
    subject: { type: 'user', id: 'alice' },
    action: { name: 'org:view' },
    resource: { type: 'org', id: 'acme' },
  };

  it('never fails, whatever the ids', async () => {
    const entity = fc.record({
      type: fc.oneof(fc.constantFrom('user', 'org', 'environment', 'realm', 'group'), hostileText),
      id: hostileText,
    });
    const body = fc.record({
      subject: entity,
      action: fc.record({ name: fc.oneof(fc.constant('org:view'), hostileText) }),
      resource: entity,
    });
    const known = fc.record({
      subject: fc.record({ type: fc.constant('user'), id: hostileText }),
      resource: fc.constant(sound.resource),
    });
    const either = fc.oneof(
      body,
      known.map((some) => ({ ...sound, ...some })),
    );
    await fc.assert(
      fc.asyncProperty(either, (question) =>
        refused({ path, headers: { authorization: owner }, body: question }, [200]),
      ),
      { numRuns: 100 },
    );
  });

  it('is bounded in depth even where members are ignored', async () => {
    await refused({ path, headers: { authorization: owner }, body: { ...sound, ignored: nested(31) } }, [200]);
    await refused({ path, headers: { authorization: owner }, body: { ...sound, ignored: nested(32) } }, [400]);
  });

  it.each([
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a prototype', Buffer.from('{"__proto__":{"admin":true}}')],
    ['a constructor', Buffer.from('{"constructor":{"prototype":{"admin":true}}}')],
  ])('refuses %s even where members are ignored', async (_, ignored) => {
    const start = JSON.stringify(sound).slice(0, -1);
    const body = Buffer.concat([Buffer.from(`${start},"ignored":`), ignored, Buffer.from('}')]);
    await refused({ path, headers: { authorization: owner, 'content-type': type }, body }, [400]);
  });
});

describe('requests that are none of the above', () => {
  it.each([
    ['/%zz', 400],
    ['/v1/orgs/%', 400],
    ['/v1/orgs/%c0%80', 400],
    ['/v1/orgs/%00', 404],
    ['/v1/orgs/acme%2f', 404],
    ['/v1/orgs/ACME', 404],
    ['/v1/orgs/..%2f..%2fetc', 404],
    [`/v1/orgs/${'a'.repeat(5000)}`, 404],
    ['//', 404],
    ['/v1/orgs/__proto__', 404],
    ['/v1/orgs/constructor/members', 404],
    ['/v1/orgs/acme/environments/__proto__', 404],
    ['/v1/orgs/acme?limit=%zz', 400],
    ['/docs/..%2fpackage.json', 404],
    ['/docs/__proto__', 404],
    ['/problems/__proto__', 404],
    ['/v1/nothing', 404],
  ])('GET %s is answered %i', async (path, status) => {
    await refused({ path, headers: { authorization: owner } }, [status]);
  });

  it.each(['constructor', '__proto__', 'toString', 'CreateOrg', 'addmember', '%00', 'Nope'])(
    'there is no command %s of an organization',
    async (name) => {
      await refused({ path: `/v1/orgs/acme/commands/${name}`, headers: { authorization: owner }, body: {} }, [404]);
    },
  );

  it('no route takes a method that it is not for', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'TRACE', 'OPTIONS'])
      await refused({ method, path: '/v1/orgs/acme', headers: { authorization: owner } }, [404]);
    await refused({ path: '/v1/orgs/acme/commands/AddMember', headers: { authorization: owner } }, [404]);
  });

  it.each([
    ['Idempotency-Key', '"'],
    ['Idempotency-Key', '"a" "b"'],
    ['Idempotency-Key', 'two words'],
    ['Idempotency-Key', 'x'.repeat(256)],
    ['Idempotency-Key', 'ä'],
    ['Dry-Run', 'perhaps'],
    ['If-Match', '7'],
    ['If-Match', '*'],
    ['If-Match', 'W/"7"'],
    ['If-Match', '"99999999999999999999"'],
  ])('%s: %s is refused', async (name, value) => {
    const headers = { authorization: owner, [name]: value };
    await refused({ path: '/v1/orgs/acme/commands/CreateEnvironment', headers, body: { name: 'x' } });
  });

  it.each([
    '',
    'Bearer',
    'Bearer x',
    'Bearer a.b.c',
    'Basic YTpi',
    `Bearer ${'x'.repeat(12_000)}`,
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ])('Authorization "%s" is nobody', async (authorization) => {
    await refused({ path: '/v1/me', headers: { authorization } }, [401]);
  });

  it.each([
    ['GET / HTTP/1.1\r\nHost: a\r\nX: \u0001\u0000\r\n\r\n', 400],
    ['FOO / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['\u0000\u0001\u0002\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 413],
    ['POST /v1/realm/commands/CreateOrg HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}', 400],
  ])('bytes that are no request are answered, and the connection ends', async (bytes, status) => {
    expect(await raw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(api.port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}
