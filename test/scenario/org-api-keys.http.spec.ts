import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandTable } from '#libs/application/command-table.js';
import { noOrg } from '#libs/domain/org/org.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { builtIn } from '../support/decider.js';
import { readingOwnWrites } from '../support/own-reads.js';
import { wholeLog } from '../support/whole-log.js';

const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
let api: TestApi;
let [mia, nora] = ['', ''];

const { send, done: doneAt } = readingOwnWrites(() => api);
const onAtelier = (name: string) => `/v1/orgs/atelier/commands/${name}`;
const command = (who: string, name: string, body: object, more?: Record<string, string>) =>
  send(who, onAtelier(name), body, more);
const done = (who: string, name: string, body: object, more?: Record<string, string>) =>
  doneAt(who, onAtelier(name), body, more);
async function keyOf(keyId: string, role = 'org.member', more: object = {}): Promise<string> {
  const { result } = await done(mia, 'CreateOrgApiKey', { keyId, name: keyId, role, ...more });
  expect(result).toEqual({ keyId, key: expect.stringMatching(/^tnt_org_/) });
  return `Bearer ${result.key}`;
}
const listed = async (who = mia) => (await send(who, '/v1/orgs/atelier/org-api-keys')).body.orgApiKeys;
const status = async (key: string) => (await send(key, '/v1/orgs/atelier')).status;

beforeAll(async () => {
  api = await startTestApi({ clock, environment: { REALMS: 'default=studio', READ_WAIT_MS: '20000' } });
  [mia, nora] = [await api.bearer('mia'), await api.bearer('nora')];
  const atelier = { orgId: 'atelier', name: 'Atelier', ownerId: 'mia' };
  expect((await send(mia, '/v1/realm/commands/CreateOrg', atelier)).status).toBe(200);
  await done(mia, 'AddMember', { userId: 'nora', role: 'org.member' });
}, 60_000);
afterAll(() => api?.stop());

describe("an organization's own API key (V21, V-M13)", () => {
  it('is created, listed and revoked by admins, and works until then', async () => {
    const key = await keyOf('exports');
    expect(await status(key)).toBe(200);
    const member = { keyId: 'mine', name: 'Mine', role: 'org.member' };
    expect([(await command(nora, 'CreateOrgApiKey', member)).status, await listed(nora)]).toEqual([403, undefined]);
    expect((await command(nora, 'RevokeOrgApiKey', { keyId: 'exports' })).status).toBe(403);
    const shown = { id: 'exports', lastFour: key.slice(-4), issuedAt: expect.any(String), notAfter: null };
    expect(await listed()).toEqual([{ ...shown, name: 'exports', role: 'org.member' }]);
    await done(mia, 'RevokeOrgApiKey', { keyId: 'exports' });
    expect([await status(key), await listed()]).toEqual([401, []]);
  });

  it('may what its role may in its organization, and nothing elsewhere; the audit trail names it', async () => {
    const key = await keyOf('costs');
    const self = { subject: { type: 'service', id: 'atelier/costs' }, resource: { type: 'org', id: 'atelier' } };
    const may = async (name: string) =>
      (await send(key, '/access/v1/evaluation', { ...self, action: { name } })).body.decision;
    expect([await may('feature:costs'), await may('billing:manage')]).toEqual([true, false]);
    expect((await command(key, 'CreateOrgApiKey', { name: 'More', role: 'org.member' })).status).toBe(403);
    const realm = { orgId: 'own', name: 'Own', ownerId: 'nora' };
    expect((await send(key, '/v1/realm/commands/CreateOrg', realm)).status).toBe(403);
    const entries = (await send(mia, '/v1/orgs/atelier/audit?target=costs')).body.entries;
    expect(entries).toMatchObject([{ action: 'CreateOrgApiKey', actor: 'mia', event: 'OrgApiKeyCreated' }]);
  });

  it('is given no role that its creator could not give, nor one of people', async () => {
    for (const [role, code] of [
      ['org.admin', 'not_for_machines'],
      ['org.auditor', 'not_for_machines'],
      ['org.ghost', 'role_unknown'],
    ]) {
      const answer = await command(mia, 'CreateOrgApiKey', { name: 'Too much', role });
      expect([role, answer.status, answer.body.code]).toEqual([role, 422, code]);
    }
  });

  it('takes, beside the right to such keys, the right to give its role', () => {
    const input = { name: 'Exports', role: 'org.member' };
    const needs = commandTable.CreateOrgApiKey.needs({
      input,
      orgId: 'atelier',
      state: noOrg,
      scheme: builtIn('studio'),
      actor: 'mia',
    });
    expect(needs.map(({ permission }) => permission)).toEqual(['org-api-key:manage', 'member:manage']);
  });

  it('is shown once: in no dry run, in no repeat, and in no event', async () => {
    const asked = { keyId: 'once', name: 'Once', role: 'org.member' };
    const dry = await command(mia, 'CreateOrgApiKey', asked, { 'dry-run': 'true' });
    expect([dry.status, JSON.stringify(dry.body)]).toEqual([200, expect.not.stringContaining('tnt_org_')]);
    const once = await done(mia, 'CreateOrgApiKey', asked, { 'idempotency-key': '"once"' });
    const again = await done(mia, 'CreateOrgApiKey', asked, { 'idempotency-key': '"once"' });
    expect(again).toEqual({ ...once, result: { keyId: 'once' } });
    const secret = once.result.key.slice(once.result.key.indexOf('.') + 1);
    const log = (await wholeLog(api.eventStoreUrl)).map(({ data, metadata }) => JSON.stringify([data, metadata]));
    expect([log.join().includes('"once"'), log.join().includes(secret)]).toEqual([true, false]);
    expect((await command(mia, 'CreateOrgApiKey', asked)).body.code).toBe('key_exists');
  });

  it('is exchanged for a token that ends with it, and stands with its age in reviews of access', async () => {
    const key = await keyOf('short', 'org.checker', { notAfter: new Date(clock.now() + 60_000).toISOString() });
    const form = { grant_type: 'client_credentials', client_id: 'atelier/short', client_secret: key.slice(7) };
    const { text } = await api.http.send({
      path: '/v1/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    });
    const bearer = `Bearer ${JSON.parse(text).access_token}`;
    const question = { subject: { type: 'user', id: 'nora' }, action: { name: 'org:view' } };
    const ask = async (who: string) =>
      (await send(who, '/access/v1/evaluation', { ...question, resource: { type: 'org', id: 'atelier' } })).status;
    expect([await ask(key), await ask(bearer)]).toEqual([200, 200]);
    const reviewed = async () => (await send(mia, '/v1/orgs/atelier/reports/access-review')).body.keys;
    expect(await reviewed()).toContainEqual(
      expect.objectContaining({ kind: 'org_api_key', id: 'short', owner: 'service:atelier/short', ageDays: 0 }),
    );
    clock.ahead += 61_000;
    expect([await ask(key), await ask(bearer)]).toEqual([401, 401]);
    expect(JSON.stringify(await reviewed())).not.toContain('short');
  });

  it('is refused while its organization is suspended, and once it was revoked for ever', async () => {
    const key = await keyOf('last');
    expect(await status(key)).toBe(200);
    const root = await api.bearer('root', { email: 'admin@localhost' });
    expect((await command(root, 'SuspendOrg', {})).status).toBe(200);
    expect((await send(key, '/v1/orgs/atelier')).status).not.toBe(200);
    await done(root, 'ResumeOrg', {});
    expect(await status(key)).toBe(200);
    await done(mia, 'RevokeOrgApiKey', { keyId: 'last' });
    expect(await status(key)).toBe(401);
  });
});
