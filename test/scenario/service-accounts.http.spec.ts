import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startTestApi, type TestApi } from '../support/api.js';
import { everythingIn } from '../support/everything-in.js';
import type { HttpAnswer } from '../support/http.js';
import { type FreshRedis, freshRedis } from '../support/redis.js';
import { wholeLog } from '../support/whole-log.js';

const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
const lines: string[] = [];
const keys: string[] = [];
let redis: FreshRedis;
let api: TestApi;
let token = '';

const headersOf = (authorization: string) => ({
  authorization,
  ...(token === '' ? {} : { 'consistency-token': token }),
});
const person = (sub: string) => api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {});
const json = (answer: HttpAnswer) => JSON.parse(answer.text);

async function command(
  who: string,
  name: string,
  body: object,
  more: Record<string, string> = {},
  target = 'orgs/acme',
) {
  const answer = await api.http.send({
    path: `/v1/${target}/commands/${name}`,
    headers: { ...headersOf(who), ...more },
    body,
  });
  const { 'consistency-token': seen } = answer.headers;
  if (typeof seen === 'string') token = seen;
  const { result } = json(answer) as { result?: { key?: string } };
  if (result?.key !== undefined) keys.push(result.key);
  return { status: answer.status, body: json(answer), key: `Bearer ${result?.key}` };
}

async function done(...[who, name, body, more, target]: Parameters<typeof command>) {
  const answer = await command(who, name, body, more, target);
  expect([name, answer.status, answer.body]).toEqual([name, 200, expect.anything()]);
  return answer;
}

const evaluate = async (
  who: string,
  subject: object,
  action = 'org:view',
  resource = { type: 'org', id: 'acme' },
  at?: string,
) => {
  const context = at === undefined ? {} : { context: { at } };
  const answer = await api.http.send({
    path: '/access/v1/evaluation?explain=true',
    headers: headersOf(who),
    body: { subject, action: { name: action }, resource, ...context },
  });
  return { status: answer.status, body: json(answer) };
};

const exchange = (form: Record<string, string>, authorization?: string) =>
  api.http.send({
    path: '/v1/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: new URLSearchParams(form).toString(),
  });

let olga = '';
const ci = { type: 'service', id: 'acme/ci' };

beforeAll(async () => {
  redis = await freshRedis();
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  api = await startTestApi({ clock, logger, redisUrl: redis.url, environment: { READ_WAIT_MS: '20000' } });
  olga = await person('olga');
  const root = await person('root');
  for (const orgId of ['acme', 'other'])
    await done(root, 'CreateOrg', { orgId, name: orgId, ownerId: orgId === 'acme' ? 'olga' : 'zoe' }, {}, 'realm');
  await done(olga, 'AddMember', { userId: 'pat', role: 'org.participant' });
  await done(olga, 'AddMember', { userId: 'ada', role: 'org.admin' });
  await done(olga, 'CreateEnvironment', { environmentId: 'live', name: 'Live' });
  await done(olga, 'CreateServiceAccount', { accountId: 'ci', name: 'CI', role: 'org.checker' });
  await done(olga, 'CreateServiceAccount', { accountId: 'ops', name: 'Ops', role: 'org.admin' });
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await redis?.drop();
});

describe('a key of a service account (X-03)', () => {
  it('is shown once: in no dry run, in no repeat, and in no event', async () => {
    const issue = { accountId: 'ci', keyId: 'shown-once' };
    const dry = await command(olga, 'IssueServiceAccountKey', issue, { 'dry-run': 'true' });
    expect([dry.status, JSON.stringify(dry.body)]).toEqual([200, expect.not.stringContaining('tnt_svc_')]);
    const once = await done(olga, 'IssueServiceAccountKey', issue, { 'idempotency-key': '"k"' });
    expect(once.body.result).toEqual({ keyId: 'shown-once', key: expect.stringMatching(/^tnt_svc_/) });
    const again = await done(olga, 'IssueServiceAccountKey', issue, { 'idempotency-key': '"k"' });
    expect(again.body).toEqual({ ...once.body, result: { keyId: 'shown-once' } });
    const { data } = (await wholeLog(api.eventStoreUrl)).find(({ type }) => type === 'ServiceAccountKeyIssued') ?? {};
    expect(data).toEqual({ ...issue, fingerprint: expect.any(String), lastFour: once.key.slice(-4) });
    const { status, body } = await command(olga, 'IssueServiceAccountKey', issue);
    expect([status, body.code]).toEqual([409, 'key_exists']);
  });

  it('several in one batch are all shown', async () => {
    const issue = (keyId: string) => ({ command: 'IssueServiceAccountKey', input: { accountId: 'ci', keyId } });
    const commands = [issue('batched-1'), issue('batched-2')];
    const { status, text } = await api.http.send({
      path: '/v1/orgs/acme/commands',
      headers: headersOf(olga),
      body: { commands },
    });
    const shown: string[] = JSON.parse(text).result.keys.split(' ');
    keys.push(...shown);
    expect([status, shown.length]).toEqual([200, 2]);
    for (const key of shown) expect((await evaluate(`Bearer ${key}`, ci)).status).toBe(200);
  });

  it('says who asks: the account, with its role and nothing else (X-02)', async () => {
    const { key } = await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'first' });
    const answer = await evaluate(key, { type: 'user', id: 'pat' });
    expect(answer.body).toMatchObject({ decision: true });
    expect(
      (await evaluate(key, { type: 'user', id: 'zoe' }, 'org:view', { type: 'org', id: 'other' })).body,
    ).toMatchObject({
      decision: false,
      context: { reason: 'unknown_subject' },
    });
    const refused = await command(key, 'CreateEnvironment', { environmentId: 'x', name: 'X' });
    expect([refused.status, refused.body.permission]).toEqual([403, 'environment:create']);
    expect((await command(key, 'UpdateOrg', { name: 'X' }, {}, 'orgs/other')).status).toBe(404);
    expect((await command(key, 'CreateOrg', { name: 'Mine', ownerId: 'pat' }, {}, 'realm')).status).toBe(403);
  });

  it('is nobody in another organization that has an account of the same name (X-02)', async () => {
    const zoe = await person('zoe');
    await done(zoe, 'CreateServiceAccount', { accountId: 'ci', name: 'CI', role: 'org.admin' }, {}, 'orgs/other');
    const { key } = await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'abroad' });
    const other = { type: 'org', id: 'other' };
    const about = async (who: string, account: string) =>
      (await evaluate(who, { type: 'service', id: account }, 'environment:create', other)).body;
    expect(await about(zoe, 'other/ci')).toMatchObject({ decision: true });
    for (const who of [key, zoe]) expect(await about(who, 'acme/ci')).toMatchObject({ decision: false });
    const found = await api.http.send({
      path: '/access/v1/search/resource',
      headers: headersOf(key),
      body: { subject: ci, action: { name: 'decision:evaluate' }, resource: { type: 'org' } },
    });
    expect(json(found).results).toEqual([{ type: 'org', id: 'acme' }]);
    const create = { environmentId: 'abroad', name: 'Abroad' };
    expect((await command(key, 'CreateEnvironment', create, {}, 'orgs/other')).status).toBe(404);
  });

  it('acts for its account in the audit trail, which is found by the key', async () => {
    const { key } = await done(olga, 'IssueServiceAccountKey', { accountId: 'ops', keyId: 'ops-key' });
    await done(key, 'CreateEnvironment', { environmentId: 'made-by-a-machine', name: 'Made' });
    const audit = async (filter: string) =>
      json(await api.http.send({ path: `/v1/orgs/acme/audit?${filter}`, headers: headersOf(olga) })).entries;
    const entry = {
      actor: 'service:acme/ops',
      credential: 'key:ops-key',
      action: 'CreateEnvironment',
      role: 'org.admin',
    };
    expect(await audit('credential=key:ops-key')).toEqual([expect.objectContaining(entry)]);
    expect(await audit('actor=service:acme/ops')).toHaveLength(1);
    expect(await audit('target=ops-key')).toEqual([expect.objectContaining({ action: 'IssueServiceAccountKey' })]);
  });

  it('gives nobody a role that they may not give themselves (no escalation)', async () => {
    const pat = await person('pat');
    const create = { accountId: 'mine', name: 'Mine', role: 'org.admin' };
    expect((await command(pat, 'CreateServiceAccount', create)).status).toBe(403);
    const checker = await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'no-escalation' });
    expect((await command(checker.key, 'CreateServiceAccount', create)).status).toBe(403);
    expect((await command(checker.key, 'IssueServiceAccountKey', { accountId: 'ops' })).status).toBe(403);
  });

  it('is over with its time, and until then when another took its place', async () => {
    const soon = new Date(clock.now() + 120_000).toISOString();
    const short = await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'short', notAfter: soon });
    const long = await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'long' });
    const rotation = { accountId: 'ci', keyId: 'long', newKeyId: 'longer', until: soon };
    const longer = await done(olga, 'RotateServiceAccountKey', rotation);
    expect(longer.body.result).toEqual({ keyId: 'longer', key: expect.stringMatching(/^tnt_svc_/) });
    const statuses = async () =>
      Promise.all([short, long, longer].map(async ({ key }) => (await evaluate(key, ci)).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    clock.ahead += 121_000;
    expect(await statuses()).toEqual([401, 401, 200]);
    expect((await command(long.key, 'LeaveOrg', {})).status).toBe(401);
  });

  it('is refused like any other wrong one once it is revoked, at once, on commands and checks', async () => {
    const { key } = await done(olga, 'IssueServiceAccountKey', { accountId: 'ops', keyId: 'revoked' });
    const bearer = `Bearer ${json(await exchange({ grant_type: 'client_credentials', client_id: 'acme/ops', client_secret: key.slice(7) })).access_token}`;
    for (const each of [key, bearer])
      expect((await evaluate(each, { type: 'user', id: 'pat' })).body.decision).toBe(true);
    await done(olga, 'RevokeServiceAccountKey', { accountId: 'ops', keyId: 'revoked' });
    const wrong = `${key.slice(0, -60)}${'A'.repeat(60)}`;
    for (const each of [key, bearer, wrong]) {
      expect((await evaluate(each, ci)).status).toBe(401);
      expect((await command(each, 'CreateGroup', { groupId: 'g', name: 'G' })).status).toBe(401);
    }
    // Also where the request had been let in just before: its rights are decided on the revision that it would append to.
    const caller = await api.services.keyCallers.byToken(
      { orgId: 'acme', accountId: 'ops', keyId: 'ops-key' },
      clock.now(),
    );
    if (caller?.machine === undefined) throw new Error('the other key is good');
    const steps = [{ name: 'CreateGroup', input: { groupId: 'g', name: 'G' } }] as const;
    const request = {
      orgId: 'acme',
      steps,
      idempotencyKey: undefined,
      dryRun: true,
      ifMatch: undefined,
      correlation: 'c',
    };
    const late = { ...caller, machine: { ...caller.machine, keyId: 'revoked' } };
    expect((await api.services.pipeline.execute({ ...request, caller })).kind).toBe('done');
    expect((await api.services.pipeline.execute({ ...request, caller: late })).kind).toBe('hidden');
    const { headers, text } = await api.http.send({ path: '/v1/me', headers: { authorization: key } });
    expect(headers['www-authenticate']).toContain('error="invalid_token", error_description="unknown_key"');
    expect(text).not.toContain(key.slice(7));
  });
});

describe('POST /v1/token (RFC 6749, client credentials)', () => {
  let secret = '';
  beforeAll(async () => {
    secret = (await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'for-tokens' })).key.slice(7);
  });
  const form = { grant_type: 'client_credentials' };
  const basic = (id: string, password: string) =>
    `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(password)}`).toString('base64')}`;

  it('gives a short token for a key, by client_secret_basic and by client_secret_post', async () => {
    for (const answer of [
      await exchange(form, basic('acme/ci', secret)),
      await exchange({ ...form, client_id: 'acme/ci', client_secret: secret }),
    ]) {
      const { access_token: bearer, ...rest } = json(answer);
      expect([answer.status, answer.headers['cache-control'], rest]).toEqual([
        200,
        'no-store',
        { token_type: 'Bearer', expires_in: 600 },
      ]);
      expect((await evaluate(`Bearer ${bearer}`, { type: 'user', id: 'pat' })).body.decision).toBe(true);
      expect((await evaluate(`Bearer ${bearer.slice(0, -6)}AAAAAA`, ci)).status).toBe(401);
    }
  });

  it('a token ends by itself', async () => {
    const bearer = `Bearer ${json(await exchange(form, basic('acme/ci', secret))).access_token}`;
    clock.ahead += 601_000;
    expect((await evaluate(bearer, ci)).status).toBe(401);
  });

  it.each([
    ['another client', 401, 'invalid_client', { ...form, client_id: 'acme/ops' }],
    ['no secret', 401, 'invalid_client', { ...form, client_id: 'acme/ci', client_secret: '' }],
    ['another grant', 400, 'unsupported_grant_type', { grant_type: 'password', client_id: 'acme/ci' }],
    ['no grant', 400, 'invalid_request', { client_id: 'acme/ci' }],
  ])('refuses %s with %i', async (_, status, error, body) => {
    const answer = await exchange({ client_secret: secret, ...body });
    expect([answer.status, json(answer)]).toEqual([status, { error }]);
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Basic realm="tenantry"');
  });

  it('refuses two ways of authentication at once, and repeated fields', async () => {
    const both = await exchange({ ...form, client_secret: secret }, basic('acme/ci', secret));
    expect([both.status, json(both)]).toEqual([400, { error: 'invalid_request' }]);
    const path = '/v1/token';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const twice = await api.http.send({ path, headers, body: 'grant_type=client_credentials&grant_type=x' });
    expect([twice.status, json(twice)]).toEqual([400, { error: 'invalid_request' }]);
  });

  it('nothing else takes a form', async () => {
    const headers = { ...headersOf(olga), 'content-type': 'application/x-www-form-urlencoded' };
    expect((await api.http.send({ path: '/v1/orgs/acme/commands/UpdateOrg', headers, body: 'name=X' })).status).toBe(
      400,
    );
  });
});

describe('a service account as a subject', () => {
  it('is explained, now and at any past instant, after its end too (P3)', async () => {
    const made = await done(olga, 'CreateServiceAccount', { accountId: 'brief', name: 'Brief', role: 'org.admin' });
    const { key } = await done(olga, 'IssueServiceAccountKey', { accountId: 'brief', keyId: 'brief-key' });
    const brief = { type: 'service', id: 'acme/brief' };
    const now = await evaluate(olga, brief, 'environment:create');
    expect(now.body).toMatchObject({
      decision: true,
      context: { role: 'org.admin', evidence: [made.body.events[0].id], examined: [{ source: 'service_account' }] },
    });
    expect(
      (await evaluate(olga, brief, 'environment:use', { type: 'environment', id: 'acme/live' })).body.decision,
    ).toBe(true);
    await done(olga, 'DeleteServiceAccount', { accountId: 'brief' });
    expect((await evaluate(olga, brief, 'environment:create')).body).toMatchObject({
      decision: false,
      context: { reason: 'not_member' },
    });
    expect((await evaluate(key, brief)).status).toBe(401);
    const then = await evaluate(olga, brief, 'environment:create', { type: 'org', id: 'acme' }, now.body.context.at);
    expect(then.body).toMatchObject({ decision: true, context: { evidence: [made.body.events[0].id] } });
  });

  it('is found by searches, and finds', async () => {
    const search = async (who: string, kind: string, body: object) =>
      json(await api.http.send({ path: `/access/v1/search/${kind}`, headers: headersOf(who), body })).results;
    const action = { name: 'environment:use' };
    const live = { type: 'environment', id: 'acme/live' };
    const ops = { type: 'service', id: 'acme/ops' };
    expect(await search(olga, 'subject', { subject: { type: 'service' }, action, resource: live })).toEqual([ops]);
    expect(await search(olga, 'subject', { subject: { type: 'user' }, action, resource: live })).toEqual([
      { type: 'user', id: 'ada' },
      { type: 'user', id: 'olga' },
    ]);
    expect(await search(olga, 'resource', { subject: ops, action, resource: { type: 'environment' } })).toContainEqual(
      live,
    );
    const { key } = await done(olga, 'IssueServiceAccountKey', { accountId: 'ci', keyId: 'searching' });
    expect(
      await search(key, 'resource', {
        subject: { type: 'user', id: 'ada' },
        action,
        resource: { type: 'environment' },
      }),
    ).toContainEqual(live);
    expect(await search(key, 'action', { subject: ci, resource: { type: 'org', id: 'acme' } })).toEqual([
      { name: 'decision:evaluate' },
      { name: 'decision:search' },
    ]);
  });

  it('is listed with its keys, without their texts', async () => {
    const answer = await api.http.send({ path: '/v1/orgs/acme/service-accounts', headers: headersOf(olga) });
    const { serviceAccounts } = json(answer);
    expect(serviceAccounts.map(({ id }: { id: string }) => id)).toEqual(['ci', 'ops']);
    const { keys: listed } = serviceAccounts[0];
    const longer = keys.find((key) =>
      Buffer.from(key.slice(8).split('.')[0] ?? '', 'base64url')
        .toString()
        .endsWith('/longer'),
    );
    expect(listed).toContainEqual({
      id: 'longer',
      lastFour: longer?.slice(-4),
      issuedAt: expect.any(String),
      notAfter: null,
      rotatedAt: null,
    });
  });

  it('has a timeline, and a place in the state and the review of access', async () => {
    const get = async (path: string) =>
      json(await api.http.send({ path: `/v1/orgs/acme/${path}`, headers: headersOf(olga) }));
    const timeline = await get('history/access-timeline?subject=service:acme/brief&action=environment:create');
    expect(
      timeline.intervals.map(({ decision, cause }: { decision: boolean; cause: { type: string } | null }) => [
        decision,
        cause?.type,
      ]),
    ).toEqual([
      [false, undefined],
      [false, 'OrgCreated'],
      [true, 'ServiceAccountCreated'],
      [false, 'ServiceAccountDeleted'],
    ]);
    const { principals } = await get('history/state');
    expect(principals).toContainEqual(expect.objectContaining({ id: 'service:acme/ci', role: 'org.checker' }));
    const { changes } = await get('history/access-diff?from=0');
    expect(changes).toContainEqual(
      expect.objectContaining({
        principal: 'service:acme/ops',
        change: 'gained',
        cause: expect.objectContaining({ type: 'ServiceAccountCreated' }),
      }),
    );
    const review = await api.http.send({ path: '/v1/orgs/acme/reports/access-review', headers: headersOf(olga) });
    expect([review.status, review.text.includes('service:acme/ops')]).toEqual([200, true]);
  });
});

it('the text of no key stands in the log, in Postgres, in Redis, or in what the server logs', async () => {
  expect(keys.length).toBeGreaterThan(10);
  const texts = keys.map((key) => key.slice(key.indexOf('.') + 1));
  const log = (await wholeLog(api.eventStoreUrl))
    .map(({ data, metadata }) => JSON.stringify([data, metadata]))
    .join('\n');
  const client = new Redis(redis.url);
  const stored: string[] = [];
  for (const name of await client.keys('*')) {
    const type = await client.type(name);
    stored.push(name, JSON.stringify(type === 'hash' ? await client.hgetall(name) : await client.get(name)));
  }
  client.disconnect();
  const rows = await everythingIn(api.services.reads);
  expect([log, rows, stored.join()].every((all) => all.includes('ci'))).toBe(true);
  expect(lines.length).toBeGreaterThan(10);
  for (const text of texts)
    for (const place of [log, rows, stored.join('\n'), lines.join('\n')]) expect(place.includes(text)).toBe(false);
});
