import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActivityLog } from '#libs/application/activity/activity-log.js';
import { PersonalKeyEntries } from '#libs/application/reactions/personal-keys.js';
import { gateway } from '#libs/domain/schemes/gateway.js';
import { PostgresMemberships } from '../../apps/postgres-memberships.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { everythingIn } from '../support/everything-in.js';
import { readingOwnWrites } from '../support/own-reads.js';
import { wholeLog } from '../support/whole-log.js';

const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
let api: TestApi;
let [op, gus, mel] = ['', '', ''];

const { send, done, token } = readingOwnWrites(() => api);
const onOrg = (org: string, name: string) => `/v1/orgs/${org}/commands/${name}`;
const onSelf = (name: string) => `/v1/me/commands/${name}`;
async function keyOf(who: string, keyId: string, more: object = {}): Promise<string> {
  const { result } = await done(who, onSelf('CreatePersonalApiKey'), { keyId, ...more });
  expect(result).toEqual({ keyId, key: expect.stringMatching(/^tnt_usr_/) });
  return `Bearer ${result.key}`;
}
const budget = { amount: 5, currency: 'EUR', period: 'day' };
const evaluate = (who: string, id: string) =>
  send(who, '/access/v1/evaluation', {
    subject: { type: 'user', id: 'gus@gate' },
    action: { name: 'budget:manage' },
    resource: { type: 'org', id },
  });

beforeAll(async () => {
  api = await startTestApi({
    clock,
    environment: { REALMS: 'default=enterprise,gate=gateway,rules=projects', READ_WAIT_MS: '20000' },
  });
  op = await api.bearer('op', { realm: 'gate', email: 'admin@localhost' });
  [gus, mel] = [await api.bearer('gus', { realm: 'gate' }), await api.bearer('mel', { realm: 'gate' })];
  for (const [orgId, ownerId] of [
    ['gated', 'gus@gate'],
    ['second', 'gus@gate'],
    ['third', 'mel@gate'],
  ])
    await done(op, '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId });
}, 60_000);
afterAll(() => api?.stop());

describe("a person's key to all of their organizations (G11)", () => {
  it('has the rights that its person has at the moment, in each, and the audit trail names it', async () => {
    const key = await keyOf(gus, 'laptop');
    for (const org of ['gated', 'second']) await done(key, onOrg(org, 'SetBudget'), budget);
    const { entries } = await done(gus, '/v1/orgs/second/audit?credential=key:laptop');
    expect(entries).toMatchObject([{ actor: 'gus@gate', action: 'SetBudget', role: 'org.admin' }]);
    expect((await send(key, onOrg('third', 'SetBudget'), budget)).status).toBe(404);
    await done(mel, onOrg('third', 'AddMember'), { userId: 'gus@gate', role: 'org.member' });
    expect((await evaluate(key, 'third')).body.decision).toBe(false);
    expect((await send(key, onOrg('third', 'SetBudget'), budget)).status).toBe(403);
    await done(op, onOrg('third', 'ChangeMemberRole'), { userId: 'gus@gate', role: 'org.admin' });
    await done(key, onOrg('third', 'SetBudget'), budget);
    expect((await evaluate(key, 'third')).body.decision).toBe(true);
    await done(op, onOrg('third', 'RemoveMember'), { userId: 'gus@gate' });
    for (const answer of [
      await send(key, onOrg('third', 'SetBudget'), budget),
      await send(key, '/v1/orgs/third'),
      await evaluate(key, 'third'),
    ])
      expect(answer.status).toBe(404);
  });

  it('reaches nothing but organizations that its person belongs to, whatever they administer', async () => {
    const key = await keyOf(gus, 'narrow');
    for (const [path, body] of [
      ['/v1/me'],
      ['/v1/me/api-keys'],
      ['/v1/orgs'],
      ['/v1/realm/commands/CreateOrg', { name: 'X', ownerId: 'gus@gate' }],
      [onSelf('CreatePersonalApiKey'), {}],
    ] as const)
      expect([path, (await send(key, path, body)).status]).toEqual([path, 404]);
    const both = { evaluations: ['gated', 'third'].map((id) => ({ resource: { type: 'org', id } })) };
    const question = { subject: { type: 'user', id: 'gus@gate' }, action: { name: 'org:view' }, ...both };
    expect((await send(key, '/access/v1/evaluations', question)).status).toBe(404);
    const platform = await keyOf(op, 'platform');
    expect((await send(op, '/v1/orgs/gated/audit')).status).toBe(200);
    expect((await send(platform, '/v1/orgs/gated/audit')).status).toBe(404);
    expect((await send(platform, onOrg('gated', 'SetBudget'), budget)).status).toBe(404);
  });

  it('makes no other keys, neither does a session in one organization', async () => {
    const key = await keyOf(gus, 'only');
    expect((await send(key, onOrg('gated', 'CreateApiKey'), {})).body.code).toBe('not_by_key');
    const liu = await api.bearer('liu', { realm: 'rules' });
    await done(liu, '/v1/realm/commands/CreateOrg', { orgId: 'sandbox', name: 'Sandbox', ownerId: 'liu@rules' });
    const session = await api.enter(liu, 'sandbox', token());
    expect((await send(session, onSelf('CreatePersonalApiKey'), {})).body.code).toBe('not_in_session');
    expect((await send(await keyOf(liu, 'all'), '/v1/orgs/sandbox')).status).toBe(200);
  });

  it('is listed to its person alone, never its text, and is over at once when they revoke it', async () => {
    const asked = { keyId: 'listed' };
    const once = await done(mel, onSelf('CreatePersonalApiKey'), asked, { 'idempotency-key': '"l"' });
    const again = await done(mel, onSelf('CreatePersonalApiKey'), asked, { 'idempotency-key': '"l"' });
    expect(again).toEqual({ ...once, result: asked });
    const { key } = once.result;
    const shown = { id: 'listed', lastFour: key.slice(-4), issuedAt: expect.any(String), notAfter: null };
    expect((await done(mel, '/v1/me/api-keys')).apiKeys).toEqual([{ ...shown, rotatedAt: null }]);
    expect(JSON.stringify(await done(gus, '/v1/me/api-keys'))).not.toContain('listed');
    expect((await send(`Bearer ${key}`, '/v1/orgs/third')).status).toBe(200);
    await done(gus, onSelf('RevokePersonalApiKey'), asked);
    expect((await send(`Bearer ${key}`, '/v1/orgs/third')).status).toBe(200);
    await done(mel, onSelf('RevokePersonalApiKey'), asked);
    expect((await send(`Bearer ${key}`, '/v1/orgs/third')).status).toBe(401);
    expect((await send(`Bearer ${key}`, onOrg('third', 'SetBudget'), budget)).status).toBe(401);
    const secret = key.slice(key.indexOf('.') + 1);
    const log = (await wholeLog(api.eventStoreUrl)).map(({ data, metadata }) => JSON.stringify([data, metadata]));
    expect(log.join()).toContain('listed');
    for (const place of [log.join(), await everythingIn(api.services.reads)]) expect(place).not.toContain(secret);
  });

  it('is an entry in the audit log of each organization that its person belongs to, when it is made and when it ends (V23)', async () => {
    const nina = await api.bearer('nina', { realm: 'gate' });
    await done(nina, onSelf('CreatePersonalApiKey'), { keyId: 'of-nobody' });
    const { commandId } = await done(gus, onSelf('CreatePersonalApiKey'), {
      keyId: 'told',
      notAfter: '2031-01-01T00:00:00Z',
    });
    await done(gus, onSelf('RevokePersonalApiKey'), { keyId: 'told' });
    const entries = async (path: string, target: string, count: number) => {
      for (;;) {
        const found: { event: string }[] = (await done(op, `/v1/${path}?target=${target}&outcome=allowed`)).entries;
        // Each is written down by itself, in any order; what they tell says when it was.
        if (found.length >= count) return found.sort((a, b) => (a.event < b.event ? 1 : -1));
        await sleep(50);
      }
    };
    const data = { userId: 'gus@gate', keyId: 'told', at: expect.any(String) };
    for (const org of ['gated', 'second'])
      expect(await entries(`orgs/${org}/audit`, 'told', 2)).toMatchObject([
        { event: 'PersonalKeyRevoked', action: 'RevokePersonalApiKey', actor: 'gus@gate', data },
        {
          event: 'PersonalKeyCreated',
          action: 'CreatePersonalApiKey',
          actor: 'gus@gate',
          commandId,
          causation: expect.any(String),
          address: '127.0.0.1',
          data: { ...data, notAfter: '2031-01-01T00:00:00.000Z' },
        },
      ]);
    expect((await done(mel, '/v1/orgs/third/audit?target=told')).entries).toEqual([]);
    // As whoever died before it was written down that it was done.
    const { store, reads, readPosition } = api.services;
    const memberships = new PostgresMemberships(reads, readPosition, 20_000);
    const again = new PersonalKeyEntries(store, memberships, new ActivityLog(store, clock));
    const { revision = 0n } = (await store.last('user-gus@gate')) ?? {};
    await again.react({ key: `gus@gate/${revision}`, revision });
    for (const org of ['gated', 'second'])
      expect(
        (await wholeLog(api.eventStoreUrl)).filter(
          ({ stream, type }) => stream === `activity-${org}` && type === 'PersonalKeyRevoked',
        ),
      ).toHaveLength(1);
    expect(await entries('realm/activity', 'of-nobody', 1)).toMatchObject([
      { event: 'PersonalKeyCreated', actor: 'nina@gate', targets: ['of-nobody', 'nina@gate'] },
    ]);
  });

  it('ends with its time', async () => {
    const key = await keyOf(mel, 'brief', { notAfter: new Date(clock.now() + 60_000).toISOString() });
    expect((await send(key, '/v1/orgs/third')).status).toBe(200);
    clock.ahead += 61_000;
    expect((await send(key, '/v1/orgs/third')).status).toBe(401);
  });

  it('is not let in by a scheme under which people have no keys', async () => {
    const key = await keyOf(gus, 'unwelcome');
    const roles = gateway.roles.map((role) => ({
      ...role,
      permissions: role.permissions.filter((permission) => permission !== 'own-api-key:manage'),
    }));
    await done(op, '/v1/realm/commands/DefineRoleScheme', { document: { ...gateway, version: 2, roles } });
    await done(op, onOrg('second', 'ChangeOrgScheme'), { schemeId: 'gateway', version: 2 });
    expect((await send(gus, '/v1/orgs/second')).status).toBe(200);
    expect([(await send(key, '/v1/orgs/second')).status, (await send(key, '/v1/orgs/gated')).status]).toEqual([
      404, 200,
    ]);
    expect((await send(key, onOrg('second', 'SetBudget'), budget)).status).toBe(404);
  });
});
