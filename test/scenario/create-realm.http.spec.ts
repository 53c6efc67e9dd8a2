import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { AppendedEvents } from '../support/appended-events.js';

let api: TestApi;
let token = '';
const addresses: Readonly<Record<string, string>> = { op: 'admin@localhost', ada: 'Ada@lab.test' };

async function send(realm: string, sub: string, path: string, body?: unknown, more: Record<string, string> = {}) {
  const email = addresses[sub];
  const authorization = await api.bearer(sub, { realm, ...(email === undefined ? {} : { email }) });
  const consistency = token === '' ? {} : { 'consistency-token': token };
  const answer = await api.http.send({ path, body, headers: { authorization, ...consistency, ...more } });
  token = String(answer.headers['consistency-token'] ?? token);
  return { status: answer.status, json: JSON.parse(answer.text) };
}
const create = (realm: string, sub: string, more: object = {}, headers = {}) =>
  send(realm, sub, '/v1/realm/commands/CreateRealm', { ...lab, ...more }, headers);
const command = (realm: string, sub: string, target: string, name: string, body: object) =>
  send(realm, sub, `/v1/${target}/commands/${name}`, body);

const lab = { realmId: 'lab', schemeId: 'gateway', adminEmails: ['ada@lab.test'] };

beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'default=enterprise,studio=studio', READ_WAIT_MS: '20000' } });
  const acme = { orgId: 'acme', name: 'Acme', ownerId: 'olga' };
  expect(await command('default', 'op', 'realm', 'CreateOrg', acme)).toMatchObject({ status: 200 });
  // Seen before, so that what is refused leaves nothing of them.
  for (const [realm, sub] of [
    ['default', 'op'],
    ['studio', 'op'],
    ['default', 'mel'],
  ] as const)
    await send(realm, sub, '/v1/me');
}, 60_000);
afterAll(() => api?.stop());

describe('a realm', () => {
  it('is created by a platform admin of the first realm, and by nobody else', async () => {
    const appended = new AppendedEvents();
    await appended.streams(api.services.store);
    expect(await create('default', 'mel')).toMatchObject({ status: 403, json: { permission: 'realm:create' } });
    expect(await create('studio', 'op')).toMatchObject({ status: 422, json: { code: 'realm_not_home' } });
    expect(await create('default', 'op', { realmId: 'studio' })).toMatchObject({
      status: 409,
      json: { code: 'realm_exists' },
    });
    expect(await create('default', 'op', { schemeId: 'none' })).toMatchObject({
      status: 422,
      json: { code: 'scheme_unknown' },
    });
    expect(await create('default', 'op', { adminEmails: [] })).toMatchObject({ status: 400 });
    expect(await create('default', 'op', {}, { 'dry-run': 'true' })).toMatchObject({
      status: 200,
      json: { dryRun: true, events: [{ type: 'RealmRegistered' }] },
    });
    expect(await appended.streams(api.services.store)).toEqual([]);
    expect((await send('lab', 'ada', '/v1/me')).json).toMatchObject({ status: 401, reason: 'unknown_realm' });
  });

  it('is there at once, with its admins, its scheme and its people', async () => {
    const key = { 'idempotency-key': 'create-lab' };
    const done = await create('default', 'op', {}, key);
    expect(done).toMatchObject({ status: 200, json: { events: [{ type: 'RealmRegistered' }] } });
    expect((await send('lab', 'ada', '/v1/me')).json).toMatchObject({ id: 'ada@lab', organizations: [] });
    const org = { orgId: 'bench', name: 'Bench', ownerId: 'bo@lab' };
    expect((await command('lab', 'bo', 'realm', 'CreateOrg', org)).status).toBe(403);
    expect((await command('lab', 'ada', 'realm', 'CreateOrg', org)).status).toBe(200);
    expect((await send('lab', 'bo', '/v1/orgs/bench')).json).toMatchObject({ id: 'bench', scheme: { id: 'gateway' } });
    expect((await send('lab', 'ada', '/v1/schemes/gateway')).status).toBe(200);
    expect((await send('lab', 'ada', '/v1/schemes/enterprise')).status).toBe(404);

    expect((await create('default', 'op', {}, key)).json).toEqual(done.json);
    expect((await create('default', 'op')).json.events).toEqual([]);
    expect((await create('default', 'op', { schemeId: 'teams' })).json).toMatchObject({ code: 'realm_exists' });
  });

  it('holds no address of its admins', async () => {
    for (const stream of ['realm-default', 'realm-lab'])
      for await (const page of api.services.store.read(stream, 0n))
        expect(JSON.stringify(page.map(({ data, metadata }) => [data, metadata]))).not.toMatch(/ada@lab\.test/i);
  });

  it('is nothing to the others, nor they to it: nothing crosses realms', async () => {
    const missing = async (realm: string, sub: string, path: string) => {
      const { status, json } = await send(realm, sub, path);
      expect([realm, sub, path, status, json.code]).toEqual([realm, sub, path, 404, 'not_found']);
    };
    for (const path of ['', '/members', '/audit', '/environments', '/settings']) {
      for (const [realm, sub] of [
        ['default', 'op'],
        ['default', 'olga'],
        ['studio', 'op'],
      ] as const)
        await missing(realm, sub, `/v1/orgs/bench${path}`);
      for (const sub of ['ada', 'bo', 'op']) await missing('lab', sub, `/v1/orgs/acme${path}`);
    }
    const added = { userId: 'ada@lab', role: 'org.admin' };
    expect((await command('default', 'olga', 'orgs/acme', 'AddMember', added)).status).toBe(200);
    await missing('lab', 'ada', '/v1/orgs/acme');
    expect((await command('lab', 'ada', 'orgs/acme', 'UpdateOrg', { name: 'Taken' })).status).toBe(404);
    expect((await command('default', 'op', 'orgs/bench', 'SuspendOrg', {})).status).toBe(404);
    // Who administers the platform elsewhere is nobody here.
    expect((await send('lab', 'op', '/v1/realm/sign-in')).status).toBe(403);
    expect((await send('default', 'ada', '/v1/realm/sign-in')).status).toBe(403);
    const question = {
      subject: { type: 'user', id: 'ada@lab' },
      action: { name: 'org:view' },
      resource: { type: 'org', id: 'acme' },
    };
    expect((await send('lab', 'ada', '/access/v1/evaluation', question)).json.decision).toBe(false);
    expect((await send('lab', 'ada', '/v1/orgs')).json.organizations.map(({ id }: { id: string }) => id)).toEqual([
      'bench',
    ]);
  });

  it('has settings of its own, and is listed for those of the first realm alone', async () => {
    expect((await command('lab', 'ada', 'realm', 'SetLoginMethods', { methods: ['saml'] })).status).toBe(200);
    const page = await api.http.send({ path: '/v1/realms/lab/sign-in' });
    expect(JSON.parse(page.text)).toMatchObject({ realm: 'lab', loginMethods: ['saml'] });
    const listed = async (realm: string, sub: string) =>
      (await send(realm, sub, '/v1/realms')).json.realms?.map(({ id }: { id: string }) => id);
    expect(await listed('default', 'op')).toEqual(['default', 'lab', 'studio']);
    expect(await listed('lab', 'ada')).toEqual(['lab']);
    expect(await listed('default', 'mel')).toBeUndefined();
  });

  it('outlives a restart', async () => {
    api = await api.restart();
    token = '';
    expect((await send('lab', 'bo', '/v1/orgs/bench')).status).toBe(200);
    expect(JSON.parse((await api.http.send({ path: '/v1/realms/lab/sign-in' })).text).loginMethods).toEqual(['saml']);
  });
});
