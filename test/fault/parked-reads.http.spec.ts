import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Folds } from '#libs/application/folds.js';
import { RepeatedCommands } from '#libs/application/repeated-commands.js';
import { PostgresCommandIndex } from '#projections/command-index/command-index.js';
import { queryNames, queryTable } from '../../apps/api/queries/query-table.js';
import { createApi } from '../../apps/api/create-api.js';
import type { ApiServices } from '../../apps/api/services.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { type HttpAnswer, HttpClient } from '../support/http.js';
import { until } from './projector-support.js';

let api: TestApi;
const bearers: Record<string, Record<string, string>> = {};
let before = '';

/** Every row of one organization's audit trail is refused from a revision on: a fault that only its own events meet. */
const CONSTRAINT = 'refuses_acme';
const poison = (revision: number) =>
  onAuditTable(`add constraint ${CONSTRAINT} check (org_id <> 'acme' or revision < ${revision}) not valid`);
const fix = () => onAuditTable(`drop constraint ${CONSTRAINT}`);
async function onAuditTable(change: string): Promise<void> {
  const { rows } = await sql<{ schema: string }>`select nspname as schema from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace where relname = 'audit_entries' and relkind = 'r'`.execute(
    api.services.reads,
  );
  await sql.raw(`alter table ${rows[0]?.schema}.audit_entries ${change}`).execute(api.services.reads);
}

const send = (who: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> =>
  api.http.send({ path, headers: { ...bearers[who], ...headers }, ...(body === undefined ? {} : { body }) });
const get = async (who: string, path: string, headers?: Record<string, string>) => {
  const { status, text } = await send(who, path, undefined, headers);
  return { status, body: JSON.parse(text) };
};
const command = async (who: string, org: string, name: string, body: unknown, headers?: Record<string, string>) => {
  const answer = await send(who, `/v1/orgs/${org}/commands/${name}`, body, headers);
  return { status: answer.status, text: answer.text, token: String(answer.headers['consistency-token']) };
};
const question = (id: string, org: string, type = 'org', action = 'org:view', at?: string) => ({
  subject: { type: 'user', id },
  action: { name: action },
  resource: { type, id: org },
  ...(at === undefined ? {} : { context: { at } }),
});
const evaluate = async (who: string, body: unknown, headers?: Record<string, string>) => {
  const problem = { accept: 'application/problem+json', ...headers };
  const answer = await send(who, '/access/v1/evaluation', body, problem);
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) };
};
const parked = { status: 503, code: 'organization_parked' };

beforeAll(async () => {
  api = await startTestApi();
  const people: Record<string, object> = {
    root: { email: 'admin@localhost' },
    ann: {},
    mia: {},
    zoe: {},
    bob: {},
    nobody: {},
  };
  for (const [id, claims] of Object.entries(people)) bearers[id] = { authorization: await api.bearer(id, claims) };
  for (const [orgId, ownerId] of [
    ['acme', 'ann'],
    ['other', 'zoe'],
  ])
    await send('root', '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId });
  await command('ann', 'acme', 'AddMember', { userId: 'mia', role: 'org.participant' });
  const { token } = await command('ann', 'acme', 'CreateEnvironment', { environmentId: 'room', name: 'Room' });
  // Every document that the checks below need is in the cache by now.
  for (const who of ['ann', 'mia', 'nobody'])
    expect((await evaluate(who, question(who, 'acme'), { 'consistency-token': token })).status).toBe(200);
  before = new Date().toISOString();
  await poison(3);
  const added = await command('ann', 'acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  expect(added.status).toBe(200);
  await until(async () => (await get('root', '/v1/projections')).body.parked.length > 0);
  await until(async () => (await evaluate('mia', question('mia', 'acme'))).status === 503);
}, 60_000);
afterAll(() => api?.stop());

describe('a parked organization', () => {
  it('is denied in its place in a batch, to those who may know of it', async () => {
    const items = async (who: string) => {
      const evaluations = [question(who, 'acme'), question(who, 'other')];
      const { status, text } = await send(who, '/access/v1/evaluations', { evaluations });
      expect(status).toBe(200);
      return JSON.parse(text).evaluations;
    };
    const [stands, goesOn] = await items('mia');
    expect(stands).toEqual({ decision: false, context: { error: { status: 503, message: expect.any(String) } } });
    expect(goesOn).toEqual({ decision: false, context: { at: expect.any(String) } });
    expect((await items('zoe'))[0]).toEqual({ decision: false, context: { at: expect.any(String) } });
    expect((await items('zoe'))[1]).toMatchObject({ decision: true });
  });

  it('is searched by nobody: whoever may know of it is told, to others it is missing', async () => {
    const search = async (who: string, kind: string, body: object) => {
      const { status, text } = await send(who, `/access/v1/search/${kind}`, body, {
        accept: 'application/problem+json',
      });
      return { status, body: JSON.parse(text) };
    };
    const standing = { status: 503, body: parked };
    const orgs = (who: string) => ({
      subject: { type: 'user', id: who },
      action: { name: 'org:view' },
      resource: { type: 'org' },
    });
    for (const who of ['ann', 'mia']) {
      expect(await search(who, 'subject', question(who, 'acme'))).toMatchObject(standing);
      expect(await search(who, 'action', question(who, 'acme'))).toMatchObject(standing);
      expect(await search(who, 'resource', orgs(who))).toMatchObject(standing);
    }
    for (const kind of ['subject', 'action'])
      expect(await search('nobody', kind, question('nobody', 'acme'))).toMatchObject({
        status: 200,
        body: { results: [] },
      });
    expect(await search('zoe', 'resource', orgs('zoe'))).toMatchObject({
      status: 200,
      body: { results: [{ id: 'other' }] },
    });
  });

  it('is shown to those who run the service, and the projections go on', async () => {
    const { status, body } = await get('root', '/v1/projections');
    expect(status).toBe(200);
    expect(body.parked).toEqual([
      {
        orgId: 'acme',
        since: expect.any(String),
        revision: '3',
        position: expect.stringMatching(/^\d+\/\d+$/),
        projection: 'audit-log',
        error: expect.stringContaining(CONSTRAINT),
      },
    ]);
    expect(body.projections).toContainEqual({
      name: 'audit-log',
      version: expect.any(Number),
      state: 'following',
      position: expect.stringMatching(/^\d+\/\d+$/),
      lag: { events: 0, atLeast: false, ms: 0 },
    });
    expect((await get('ann', '/v1/projections')).body).toMatchObject({ status: 403, permission: 'org:list' });
    await until(async () => (await get('root', '/readyz')).body.parts.organizations.ok === false);
    const ready = await api.http.send({ path: '/readyz' });
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.text).parts.organizations).toEqual({ ok: false, serves: true, detail: { parked: 1 } });
  });

  it.each(['ann', 'mia', 'bob', 'root'])('answers no check of %s, with or without a Consistency-Token', async (who) => {
    const { token } = await command('zoe', 'other', 'AddMember', {
      userId: `friend-of-${who}`,
      role: 'org.participant',
    });
    for (const headers of [{}, { 'consistency-token': token }])
      for (const body of [question(who, 'acme'), question(who, 'acme/room', 'environment', 'environment:see')]) {
        const answer = await evaluate(who, body, headers);
        expect(answer.body).toMatchObject(parked);
        expect(answer.headers['retry-after']).toBe('30');
      }
  });

  it('answers no check about others', async () => {
    expect((await evaluate('ann', question('mia', 'acme'))).body).toMatchObject(parked);
  });

  it.each(queryNames.filter((name) => queryTable[name].path.includes('{orgId}')))('%s is not read', async (name) => {
    const { path: template, example } = queryTable[name];
    const path = `${template.replace('{orgId}', 'acme').replace('{environmentId}', 'room').replace('{groupId}', 'team').replace('{userId}', 'mia').replace('{invoiceId}', 'in-1')}?${new URLSearchParams(example)}`;
    expect((await get('ann', path)).body).toMatchObject(parked);
    const answer = await get('zoe', path.replace('acme', 'other'));
    // Some rights nobody has under this scheme.
    expect([200, 403, 404]).toContain(answer.status);
  });

  it('is not read by one who was let in just before it was parked', async () => {
    const late = { access: async () => ({ kind: 'allowed' }) } as unknown as ApiServices['reading'];
    const app = await createApi({ ...api.services, reading: late });
    await app.listen(0, '127.0.0.1');
    const http = new HttpClient(Number(new URL(await app.getUrl()).port));
    for (const [org, status] of [
      ['acme', 503],
      ['other', 200],
    ])
      expect((await http.send({ path: `/v1/orgs/${org}/members`, headers: bearers.ann ?? {} })).status).toBe(status);
    http.close();
    await app.close();
  });

  it('looks like a missing one to those who may not know of it', async () => {
    const same = { 'x-request-id': 'same' };
    for (const name of queryNames) {
      const { path, example } = queryTable[name];
      if (!path.includes('{orgId}')) continue;
      const filled = `${path.replace('{environmentId}', 'room').replace('{groupId}', 'team').replace('{invoiceId}', 'in-1')}?${new URLSearchParams(example)}`;
      const ask = (org: string) => send('nobody', filled.replace('{orgId}', org), undefined, same);
      const [hidden, missing] = [await ask('acme'), await ask('missing')];
      expect([hidden.status, hidden.text]).toEqual([404, missing.text]);
    }
    for (const subject of ['nobody', 'ann']) {
      const timeless = ({ body: { context, ...body } }: Awaited<ReturnType<typeof evaluate>>) => ({
        ...body,
        context: { ...context, at: '' },
      });
      const [hidden, missing] = [
        await evaluate('nobody', question(subject, 'acme')),
        await evaluate('nobody', question(subject, 'missing')),
      ];
      expect(timeless(hidden)).toEqual(timeless(missing));
    }
  });

  it('is marked in lists, which the others stand in as ever', async () => {
    expect((await get('root', '/v1/orgs')).body.organizations).toMatchObject([
      { id: 'acme', parked: true },
      { id: 'other' },
    ]);
    expect((await get('ann', '/v1/me')).body.organizations).toEqual([{ id: 'acme', name: 'acme', parked: true }]);
    expect((await get('zoe', '/v1/me')).body.organizations).toEqual([
      { id: 'other', name: 'other', role: 'org.owner' },
    ]);
  });

  it('still answers what was', async () => {
    const { body } = await evaluate('mia', question('mia', 'acme', 'org', 'org:view', before));
    expect(body.decision).toBe(true);
  });

  it('takes commands, decides them on its stream, and repeats their answers', async () => {
    const key = { 'idempotency-key': '"k1"' };
    const change = { userId: 'bob', role: 'org.admin' };
    const first = await command('ann', 'acme', 'ChangeMemberRole', change, key);
    expect(first.status).toBe(200);
    expect((await command('ann', 'acme', 'ChangeMemberRole', change, key)).text).toBe(first.text);
    expect((await command('ann', 'acme', 'ChangeMemberRole', { ...change, role: 'org.participant' }, key)).status).toBe(
      422,
    );
    expect((await command('bob', 'acme', 'CreateEnvironment', { environmentId: 'by-bob', name: 'B' })).status).toBe(
      200,
    );
    expect((await command('nobody', 'acme', 'CreateEnvironment', { environmentId: 'x', name: 'X' })).status).toBe(404);
  });

  it('repeats them also where the events are no longer remembered and not indexed yet', async () => {
    const stream: { id: string; digests: string[] }[] = [];
    for await (const page of api.services.store.read('org-acme', 3n))
      for (const { metadata } of page)
        stream.push({ id: metadata.commandId ?? '', digests: [metadata.payloadDigest ?? ''] });
    const [command] = stream;
    const forgetful = new Folds(api.services.store);
    const repeated = new RepeatedCommands(
      api.services.store,
      forgetful,
      new PostgresCommandIndex(api.services.reads),
      api.services.readPosition,
    );
    const { position } = await forgetful.current('org', 'acme');
    forgetful.forget('org-acme');
    const ask = (elsewhere: boolean, digests = command?.digests ?? []) =>
      repeated.find({ id: command?.id ?? '', stream: 'org-acme', digests, idempotencyKey: 'any', elsewhere }, position);
    expect(await ask(false)).toMatchObject({ kind: 'done', repeated: true, answer: { revision: '3' } });
    expect(await ask(true)).toMatchObject({ kind: 'done', repeated: true });
    expect(await ask(false, ['another'])).toEqual({ kind: 'idempotency_mismatch' });
    const unknown = { id: 'never', stream: 'org-acme', digests: [''], idempotencyKey: 'any', elsewhere: false };
    expect(await repeated.find(unknown, position)).toBeUndefined();
  });

  it('leaves the others alone', async () => {
    const { token } = await command('zoe', 'other', 'AddMember', { userId: 'yan', role: 'org.participant' });
    const answer = await evaluate('zoe', question('yan', 'other'), { 'consistency-token': token });
    expect(answer.body).toMatchObject({ decision: true });
  });
});

it('answers again after the fix, from everything that happened meanwhile', async () => {
  const { token } = await command('ann', 'acme', 'RemoveMember', { userId: 'mia' });
  await fix();
  await until(async () => (await get('root', '/v1/projections')).body.parked.length === 0);
  await until(async () => (await evaluate('bob', question('bob', 'acme'))).status === 200);
  const asked = { 'consistency-token': token };
  expect((await evaluate('bob', question('bob', 'acme'), asked)).body).toMatchObject({ decision: true });
  expect((await evaluate('mia', question('mia', 'acme'), asked)).body).toMatchObject({ decision: false });
  const { body } = await get('ann', '/v1/orgs/acme/audit', asked);
  const revisions = body.entries.map(({ revision }: { revision: string }) => Number(revision));
  expect(revisions).toEqual([...Array(revisions[0] + 1).keys()].reverse());
  expect((await get('ann', '/v1/me')).body.organizations).toEqual([{ id: 'acme', name: 'acme', role: 'org.owner' }]);
  await until(async () => (await get('root', '/readyz')).body.parts.organizations.ok);
});
