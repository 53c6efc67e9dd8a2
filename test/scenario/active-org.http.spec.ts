import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

const clock = new TestClock();
let api: TestApi;
/** Of the last command. */
let token: string | undefined;

beforeAll(async () => {
  api = await startTestApi({ clock, environment: { REALMS: 'default=projects,team=teams', READ_WAIT_MS: '20000' } });
  await done('olga', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await done('bea', 'realm', 'CreateOrg', { orgId: 'beta', name: 'Beta', ownerId: 'bea' });
  await done('bea', 'orgs/beta', 'AddMember', { userId: 'olga', role: 'org.member' });
  await done('bea', 'orgs/beta', 'AddMember', { userId: 'mia', role: 'org.member' });
  for (const org of ['acme', 'beta'])
    await done(org === 'acme' ? 'olga' : 'bea', `orgs/${org}`, 'CreateEnvironment', {
      environmentId: 'lab',
      name: 'Lab',
    });
}, 60_000);
afterAll(() => api?.stop());

const own = (sub: string) => api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {});
const into = async (sub: string, org: string) => api.enter(await own(sub), org, token);

async function send(authorization: string, path: string, body?: object) {
  const seen = token === undefined ? {} : { 'consistency-token': token };
  const answer = await api.http.send({ path, headers: { authorization, ...seen }, body });
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) };
}

async function done(sub: string, target: string, name: string, body: object): Promise<void> {
  const authorization = target === 'realm' ? await own(sub) : await into(sub, target.slice('orgs/'.length));
  const answer = await send(authorization, `/v1/${target}/commands/${name}`, body);
  expect([name, answer.status, answer.body]).toEqual([name, 200, expect.anything()]);
  token = String(answer.headers['consistency-token']);
}

const enter = async (authorization: string, body: object) => send(authorization, '/v1/session', body);
const evaluate = async (authorization: string, id: string, name: string, type: string, resource: string) =>
  (
    await send(authorization, '/access/v1/evaluation?explain=true', {
      subject: { type: 'user', id },
      action: { name },
      resource: { type, id: resource },
    })
  ).body;

describe('choosing the organization (R11, R12, R13)', () => {
  it('is not needed by who is in exactly one', async () => {
    const { status, body } = await enter(await own('mia'), {});
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.any(String),
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 900,
        org: 'beta',
      },
    ]);
    expect((await send(`Bearer ${body.access_token}`, '/v1/orgs/beta')).status).toBe(200);
  });

  it('is asked of everybody else, from the list of their organizations', async () => {
    const { status, body } = await enter(await own('olga'), {});
    expect([status, body]).toMatchObject([422, { code: 'org_choice_needed', organizations: ['acme', 'beta'] }]);
    expect(await enter(await own('nora'), {})).toMatchObject({ status: 422, body: { organizations: [] } });
    const listed = await send(await own('olga'), '/v1/orgs');
    expect(listed.body.organizations).toMatchObject([
      { id: 'acme', role: 'org.owner' },
      { id: 'beta', role: 'org.member' },
    ]);
  });

  it('can be done any time anew, and applies the role that is held there (R13, R19)', async () => {
    const acme = await into('olga', 'acme');
    expect((await evaluate(acme, 'olga', 'credits:buy', 'org', 'acme')).decision).toBe(true);
    const beta = await api.enter(acme, 'beta', token);
    expect(await evaluate(beta, 'olga', 'credits:buy', 'org', 'beta')).toMatchObject({
      decision: false,
      context: { reason: 'role_lacks_permission' },
    });
    expect((await evaluate(beta, 'olga', 'environment:use', 'environment', 'beta/lab')).decision).toBe(true);
  });

  it('is refused to strangers as if there were no such organization, and where nothing is to be chosen', async () => {
    const refused = await enter(await own('nora'), { org: 'acme' });
    const missing = await enter(await own('nora'), { org: 'none' });
    expect([refused.status, refused.body.code, missing.status]).toEqual([404, 'not_found', 404]);
    const team = await api.bearer('tom', { realm: 'team' });
    expect(await enter(team, { org: 'acme' })).toMatchObject({ status: 422, body: { code: 'session_unscoped' } });
    expect((await enter(await own('olga'), { org: 'acme', role: 'org.owner' })).status).toBe(400);
  });
});

describe('a session (R3, R14, R15, R16, R22)', () => {
  it('reaches nothing of another organization of the same person: not in reads, commands, evaluations or searches', async () => {
    for (const [session, org] of [
      [await own('olga'), 'acme'],
      [await into('olga', 'beta'), 'acme'],
      [await into('olga', 'acme'), 'beta'],
    ] as const) {
      for (const path of ['', '/environments', '/environments/lab', '/permissions', '/events', '/billing']) {
        const answer = await send(session, `/v1/orgs/${org}${path}`);
        expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'active_org_required']);
      }
      const command = await send(session, `/v1/orgs/${org}/commands/UpdateOrg`, { name: 'Mine' });
      expect(command).toMatchObject({ status: 403, body: { code: 'active_org_required', reason: 'not_active_org' } });
      expect(await evaluate(session, 'olga', 'org:view', 'org', org)).toMatchObject({
        decision: false,
        context: { reason: 'not_active_org' },
      });
      expect((await evaluate(session, 'olga', 'environment:use', 'environment', `${org}/lab`)).decision).toBe(false);
      expect((await evaluate(session, 'mia', 'environment:use', 'environment', `${org}/lab`)).decision).toBe(false);
    }
  });

  it('finds in a search what is of its own organization', async () => {
    const question = {
      subject: { type: 'user', id: 'olga' },
      action: { name: 'environment:use' },
      resource: { type: 'environment' },
    };
    const found = async (session: string) =>
      (await send(session, '/access/v1/search/resource', question)).body.results.map(({ id }: { id: string }) => id);
    expect(await found(await into('olga', 'acme'))).toEqual(['acme/lab']);
    expect(await found(await into('olga', 'beta'))).toEqual(['beta/lab']);
    expect(await found(await own('olga'))).toEqual([]);
    const actions = { subject: { type: 'user', id: 'olga' }, resource: { type: 'org', id: 'acme' } };
    const names = async (session: string) =>
      (await send(session, '/access/v1/search/action', actions)).body.results.map(({ name }: { name: string }) => name);
    expect(await names(await into('olga', 'acme'))).toContain('org:update');
    expect(await names(await into('olga', 'beta'))).toEqual(['org:select']);
  });

  it('is still its person: who they are, creating an organization, and asking about the past', async () => {
    const session = await into('olga', 'acme');
    expect((await send(session, '/v1/me')).body).toMatchObject({ id: 'olga' });
    const created = await send(session, '/v1/realm/commands/CreateOrg', { orgId: 'gamma', name: 'G', ownerId: 'olga' });
    expect(created.status).toBe(200);
    const at = new Date(clock.now()).toISOString();
    const question = { subject: { type: 'user', id: 'olga' }, action: { name: 'org:view' }, context: { at } };
    const past = async (org: string) =>
      (await send(session, '/access/v1/evaluation', { ...question, resource: { type: 'org', id: org } })).body.decision;
    expect([await past('acme'), await past('beta')]).toEqual([true, false]);
  });

  it("is nothing that the platform's own roles need", async () => {
    const answer = await send(await own('root'), '/v1/orgs/acme/commands/SetOrgPlan', { plan: 'starter' });
    expect(answer.status).toBe(200);
  });

  it('ends with the membership, with its own time, and with the token that it was exchanged for', async () => {
    const session = await into('mia', 'beta');
    await done('bea', 'orgs/beta', 'RemoveMember', { userId: 'mia' });
    for (const path of ['/v1/me', '/v1/orgs/beta'])
      expect(await send(session, path)).toMatchObject({ status: 401, body: { reason: 'session_ended' } });
    expect((await send(await own('mia'), '/v1/me')).status).toBe(200);

    const short = await enter(await api.bearer('olga', { ttlSeconds: 100 }), { org: 'acme' });
    expect(short.body.expires_in).toBeLessThanOrEqual(100);
    const again = await enter(`Bearer ${short.body.access_token}`, { org: 'beta' });
    expect(again.body.expires_in).toBeLessThanOrEqual(100);
    const long = await into('olga', 'acme');
    clock.advance(961_000);
    expect(await send(long, '/v1/me')).toMatchObject({ status: 401, body: { reason: 'expired' } });
    clock.advance(-961_000);
  });
});
