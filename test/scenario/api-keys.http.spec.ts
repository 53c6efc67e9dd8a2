import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { startTestApi, type TestApi } from '../support/api.js';
import { everythingIn } from '../support/everything-in.js';
import { readingOwnWrites } from '../support/own-reads.js';
import { wholeLog } from '../support/whole-log.js';

const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
const lines: string[] = [];
let api: TestApi;

const person = (sub: string, realm = 'gate') =>
  api.bearer(sub, { realm, ...(sub === 'op' ? { email: 'admin@localhost' } : {}) });
const { send, done: doneAt } = readingOwnWrites(() => api);
const onOrg = (org: string, name: string) => `/v1/orgs/${org}/commands/${name}`;
const command = (who: string, name: string, body: object, org = 'gated') => send(who, onOrg(org, name), body);
const done = (who: string, name: string, body: object, org = 'gated') => doneAt(who, onOrg(org, name), body);
async function keyOf(who: string, keyId: string, more: object = {}): Promise<string> {
  const { result } = await done(who, 'CreateApiKey', { keyId, ...more });
  expect(result).toEqual({ keyId, key: expect.stringMatching(/^tnt_api_/) });
  return `Bearer ${result.key}`;
}
const evaluate = (who: string, action: string, id = 'gated') =>
  send(who, '/access/v1/evaluation', {
    subject: { type: 'user', id: 'mel@gate' },
    action: { name: action },
    resource: { type: 'org', id },
  });

let gus = '';
let mel = '';

beforeAll(async () => {
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  api = await startTestApi({
    clock,
    logger,
    environment: { REALMS: 'default=enterprise,gate=gateway', READ_WAIT_MS: '20000' },
  });
  const op = await person('op');
  [gus, mel] = [await person('gus'), await person('mel')];
  for (const orgId of ['gated', 'second'])
    expect((await send(op, '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId: 'gus@gate' })).status).toBe(
      200,
    );
  for (const org of ['gated', 'second']) await done(gus, 'AddMember', { userId: 'mel@gate', role: 'org.member' }, org);
}, 60_000);
afterAll(() => api?.stop());

describe("a member's own key to an organization (G11, G-M18)", () => {
  it('has the rights of its person there, and the audit trail names it', async () => {
    const key = await keyOf(gus, 'laptop');
    await done(key, 'SetBudget', { amount: 5, currency: 'EUR', period: 'day' });
    const { body } = await send(gus, '/v1/orgs/gated/audit?credential=key:laptop');
    expect(body.entries).toEqual([
      expect.objectContaining({ actor: 'gus@gate', credential: 'key:laptop', action: 'SetBudget', role: 'org.admin' }),
    ]);
    const theirs = await keyOf(mel, 'phone');
    expect((await evaluate(theirs, 'org:view')).body.decision).toBe(true);
    const refused = await command(theirs, 'SetBudget', { amount: 9, currency: 'EUR', period: 'day' });
    expect([refused.status, refused.body.permission]).toEqual([403, 'budget:manage']);
  });

  it('reaches nothing else: other organizations of its person are not there, nor is the realm', async () => {
    const key = await keyOf(gus, 'one-org');
    expect((await send(gus, '/v1/orgs/second')).status).toBe(200);
    for (const [path, body] of [
      ['/v1/orgs/second'],
      ['/v1/me'],
      ['/v1/orgs'],
      ['/v1/orgs/second/commands/UpdateOrg', { name: 'X' }],
      ['/v1/realm/commands/CreateOrg', { name: 'X', ownerId: 'gus@gate' }],
      [
        '/access/v1/search/resource',
        { subject: { type: 'user', id: 'gus@gate' }, action: { name: 'org:view' }, resource: { type: 'org' } },
      ],
    ] as const)
      expect([path, (await send(key, path, body)).status]).toEqual([path, 404]);
    expect((await evaluate(key, 'org:view', 'second')).status).toBe(404);
    expect((await send(key, '/v1/orgs/gated')).status).toBe(200);
  });

  it('makes no other keys, and may end itself', async () => {
    const key = await keyOf(mel, 'stolen');
    const more = await command(key, 'CreateApiKey', { keyId: 'more' });
    expect([more.status, more.body.code]).toEqual([422, 'not_by_key']);
    await done(key, 'RevokeApiKey', { keyId: 'stolen' });
    expect((await evaluate(key, 'org:view')).status).toBe(401);
  });

  it('is listed to its person alone, and revoked by an admin where the scheme says so (G-M19)', async () => {
    const key = await keyOf(mel, 'listed');
    const { body } = await send(mel, '/v1/orgs/gated/api-keys');
    expect(body.apiKeys).toContainEqual({
      id: 'listed',
      lastFour: key.slice(-4),
      issuedAt: expect.any(String),
      notAfter: null,
      rotatedAt: null,
    });
    expect(JSON.stringify((await send(gus, '/v1/orgs/gated/api-keys')).body)).not.toContain('listed');
    expect((await command(mel, 'RevokeMemberApiKey', { userId: 'gus@gate', keyId: 'laptop' })).status).toBe(403);
    await done(gus, 'RevokeMemberApiKey', { userId: 'mel@gate', keyId: 'listed' });
    expect((await evaluate(key, 'org:view')).status).toBe(401);
  });

  it('ends with its time', async () => {
    const key = await keyOf(mel, 'brief', { notAfter: new Date(clock.now() + 60_000).toISOString() });
    expect((await evaluate(key, 'org:view')).status).toBe(200);
    clock.ahead += 61_000;
    expect((await evaluate(key, 'org:view')).status).toBe(401);
  });

  it('ends in the append that removes its person, and does not come back with them (P3)', async () => {
    const key = await keyOf(mel, 'leaving');
    const { events } = await done(gus, 'RemoveMember', { userId: 'mel@gate' });
    expect(events).toEqual([expect.objectContaining({ type: 'MemberRemoved' })]);
    expect((await evaluate(key, 'org:view')).status).toBe(401);
    await done(gus, 'AddMember', { userId: 'mel@gate', role: 'org.member' });
    expect((await evaluate(key, 'org:view')).status).toBe(401);
    expect((await send(mel, '/v1/orgs/gated/api-keys')).body).toEqual({ apiKeys: [] });
  });

  it('moves nobody in a review of access', async () => {
    const since = new Date(clock.now()).toISOString();
    await keyOf(mel, 'unmoved');
    const { body } = await send(gus, `/v1/orgs/gated/reports/access-review?since=${since}`);
    expect([body.population.length > 1, body.movers]).toEqual([true, []]);
  });

  it('stands nowhere as a text', async () => {
    const key = await keyOf(mel, 'canary');
    const secret = key.slice(key.indexOf('.') + 1);
    const log = (await wholeLog(api.eventStoreUrl)).map(({ data, metadata }) => JSON.stringify([data, metadata]));
    const places = [log.join('\n'), await everythingIn(api.services.reads), lines.join('\n')];
    expect(places[0]).toContain('canary');
    expect(lines.length).toBeGreaterThan(10);
    for (const place of places) expect(place.includes(secret)).toBe(false);
  });
});
