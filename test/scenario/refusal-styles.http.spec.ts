import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { studio } from '#libs/domain/schemes/studio.js';
import { startTestApi, type TestApi } from '../support/api.js';

let api: TestApi;
let token = '';

/** The studio's own, and the same where what a member may not see is not there, with all refusals on record. */
const hiding = { ...studio, id: 'hiding', version: 1, refusals: { audit: 'all', style: 'hide' } };

beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'default=studio', READ_WAIT_MS: '20000' } });
  await setUp('acme', 'mia', 'nora');
  expect(await send('root', '/v1/realm/commands/DefineRoleScheme', { document: hiding })).toMatchObject({
    status: 200,
  });
  await setUp('secretive', 'mina', 'nina');
  const scheme = { schemeId: 'hiding', version: 1 };
  expect(await send('root', '/v1/orgs/secretive/commands/ChangeOrgScheme', scheme)).toMatchObject({ status: 200 });
}, 60_000);
afterAll(() => api?.stop());

async function send(sub: string, path: string, body?: object) {
  const claims = sub === 'root' ? { email: 'admin@localhost' } : {};
  const seen = token === '' ? {} : { 'consistency-token': token };
  const headers = { authorization: await api.bearer(sub, claims), ...seen, 'x-request-id': 'one' };
  const answer = await api.http.send({ path, headers, body });
  const { 'consistency-token': given } = answer.headers;
  if (typeof given === 'string') token = given;
  return { status: answer.status, headers: answer.headers, text: answer.text, body: JSON.parse(answer.text) };
}

async function setUp(orgId: string, owner: string, member: string): Promise<void> {
  const created = await send(owner, '/v1/realm/commands/CreateOrg', { orgId, name: 'A', ownerId: owner });
  const added = await send(owner, `/v1/orgs/${orgId}/commands/AddMember`, { userId: member, role: 'org.member' });
  expect([created.status, added.status]).toEqual([200, 200]);
}

describe('a refusal in the style `redirect` (K15, V6)', () => {
  it.each(['/settings', '/audit', '/events', '/members/nora/export'])(
    '%s sends a member to what they may see',
    async (path) => {
      const { status, headers, body } = await send('nora', `/v1/orgs/acme${path}`);
      expect([status, headers.location]).toEqual([303, `${api.services.publicUrl}/v1/orgs/acme`]);
      expect(body).toMatchObject({ status: 303, code: 'forbidden', reason: 'role_lacks_permission' });
      expect((await send('nora', '/v1/orgs/acme')).status).toBe(200);
    },
  );

  it('is of reads: a command is answered no; billing stays open for reading (V7); strangers are told nothing', async () => {
    expect(await send('nora', '/v1/orgs/acme/commands/UpdateOrg', { name: 'B' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect((await send('nora', '/v1/orgs/acme/billing')).status).toBe(200);
    for (const path of ['', '/audit', '/settings'])
      expect((await send('zoe', `/v1/orgs/acme${path}`)).status).toBe(404);
    expect((await send('mia', '/v1/orgs/acme/audit')).status).toBe(200);
  });

  it('never sends in a circle: whoever is suspended is told so', async () => {
    await send('mia', '/v1/orgs/acme/commands/SuspendMember', { userId: 'nora' });
    for (const path of ['', '/audit'])
      expect(await send('nora', `/v1/orgs/acme${path}`)).toMatchObject({
        status: 403,
        body: { reason: 'member_suspended' },
      });
    await send('mia', '/v1/orgs/acme/commands/ResumeMember', { userId: 'nora' });
  });
});

describe('a refusal in the style `hide`', () => {
  it('looks to a member like a missing thing, reads and commands alike, byte by byte', async () => {
    for (const path of ['/audit', '/settings', '/events']) {
      const hidden = await send('nina', `/v1/orgs/secretive${path}`);
      expect([hidden.status, hidden.text]).toEqual([404, (await send('nina', `/v1/orgs/none${path}`)).text]);
    }
    const command = await send('nina', '/v1/orgs/secretive/commands/UpdateOrg', { name: 'B' });
    const missing = await send('nina', '/v1/orgs/none/commands/UpdateOrg', { name: 'B' });
    expect([command.status, command.text]).toEqual([404, missing.text]);
    expect((await send('nina', '/v1/orgs/secretive')).status).toBe(200);
  });

  it('stands in the audit log as what it is: N refusals are N entries (G13, P14)', async () => {
    for (let i = 0; i < 3; i++)
      await send('nina', '/v1/orgs/secretive/commands/AddMember', { userId: 'x', role: 'org.member' });
    const entries = async () =>
      (await send('mina', '/v1/orgs/secretive/audit?outcome=denied&action=AddMember')).body.entries;
    // The refusals' own places in the log are told to nobody: the read models are waited for.
    for (const until = Date.now() + 20_000; (await entries()).length < 3 && Date.now() < until; );
    expect(await entries()).toMatchObject(
      Array.from({ length: 3 }, () => ({ actor: 'nina', outcome: 'denied', reason: 'role_lacks_permission' })),
    );
  });
});
