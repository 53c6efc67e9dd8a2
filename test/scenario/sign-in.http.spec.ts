import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { AppendedEvents } from '../support/appended-events.js';

let api: TestApi;
let token = '';

interface Person {
  readonly realm: 'default' | 'gate' | 'team';
  readonly sub: string;
  readonly email?: string;
}
const operator = (realm: Person['realm'], sub = 'op'): Person => ({ realm, sub, email: 'admin@localhost' });

async function send({ sub, ...claims }: Person, path: string, body?: unknown) {
  const consistency = token === '' ? {} : { 'consistency-token': token };
  const headers = { authorization: await api.bearer(sub, claims), ...consistency };
  const answer = await api.http.send({ path, body, headers });
  token = String(answer.headers['consistency-token'] ?? token);
  return { status: answer.status, json: JSON.parse(answer.text) };
}
const command = (by: Person, name: string, input: object, target = 'realm') =>
  send(by, `/v1/${target}/commands/${name}`, input);
async function done(...given: Parameters<typeof command>) {
  const { status, json } = await command(...given);
  expect([given[1], status, json]).toEqual([given[1], 200, expect.anything()]);
  return json;
}

beforeAll(async () => {
  const environment = { REALMS: 'default=enterprise,gate=gateway,team=teams', READ_WAIT_MS: '20000' };
  api = await startTestApi({ environment });
}, 60_000);
afterAll(() => api?.stop());

describe('login methods (G6, G-M05)', () => {
  it('are set by a platform admin, in the order of the login page, and read back', async () => {
    const op = operator('gate');
    const unset = { loginMethods: [], signUp: { rule: 'open', domains: [] } };
    expect(await send(op, '/v1/realm/sign-in')).toMatchObject({ status: 200, json: unset });
    const methods = ['google', 'saml', 'password'];
    expect((await done(op, 'SetLoginMethods', { methods })).events).toMatchObject([{ type: 'LoginMethodsSet' }]);
    expect((await done(op, 'SetLoginMethods', { methods })).events).toEqual([]);
    expect((await send(op, '/v1/realm/sign-in')).json.loginMethods).toEqual(methods);
    await done(op, 'SetLoginMethods', { methods: [] });
    expect((await send(op, '/v1/realm/sign-in')).json.loginMethods).toEqual([]);
    expect((await command(op, 'SetLoginMethods', { methods: ['saml', 'saml'] })).status).toBe(400);
  });

  it('are nobody else’s to set or to read', async () => {
    const mel: Person = { realm: 'gate', sub: 'mel' };
    const denied = { status: 403, json: { code: 'forbidden', permission: 'login-method:set' } };
    expect(await command(mel, 'SetLoginMethods', { methods: [] })).toMatchObject(denied);
    expect(await send(mel, '/v1/realm/sign-in')).toMatchObject(denied);
    expect(await command(mel, 'SetSignUpRules', { rule: 'open' })).toMatchObject({
      status: 403,
      json: { code: 'forbidden', permission: 'sign-up:set' },
    });
  });
});

describe('sign-up rules (K1, K20, G18)', () => {
  const op = operator('team');
  const ofTeam = (sub: string, email?: string): Person => ({ realm: 'team', sub, ...(email ? { email } : {}) });
  const comes = async (person: Person) => {
    const { status, json } = await send(person, '/v1/me');
    return status === 200 ? status : [status, json.code];
  };
  const refused = [403, 'sign_up_refused'];

  it('let in people of the domains that they name, who then are given what comes with signing up', async () => {
    expect(await comes(ofTeam('early', 'early@other.test'))).toBe(200);
    await done(op, 'SetSignUpRules', { rule: 'domains', domains: ['acme.test'] });
    const appended = new AppendedEvents();
    await appended.streams(api.services.store);
    for (const person of [
      ofTeam('nobody'),
      ofTeam('stranger', 'stranger@other.test'),
      ofTeam('sly', 'sly@acme.test.other.test'),
      ofTeam('sub', 'sub@eu.acme.test'),
    ])
      expect([person.sub, await comes(person)]).toEqual([person.sub, refused]);
    expect(await appended.streams(api.services.store)).toEqual([]);
    expect(await comes(ofTeam('ann', 'Ann@ACME.test'))).toBe(200);
    expect((await send(ofTeam('ann', 'ann@acme.test'), '/v1/orgs')).json.organizations).toHaveLength(1);
    // Who was there before stays known, whatever the rule says now.
    expect(await comes(ofTeam('early', 'new-address@other.test'))).toBe(200);
    expect(await comes(operator('team', 'second-operator'))).toBe(200);
  });

  it('let in, where nobody else may come, whom an organization of the realm has invited or added', async () => {
    await done(op, 'SetSignUpRules', { rule: 'invited' });
    const ann = ofTeam('ann', 'ann@acme.test');
    const { id } = (await send(ann, '/v1/orgs')).json.organizations[0];
    expect(await comes(ofTeam('bob', 'bob@acme.test'))).toEqual(refused);
    const invited = { emails: ['bob@acme.test'], role: 'org.viewer' };
    await done(ann, 'InviteMembers', invited, `orgs/${id}`);
    expect(await comes(ofTeam('not-bob'))).toEqual(refused);
    expect(await comes(ofTeam('bob', 'bob@acme.test'))).toBe(200);
    expect(await comes(ofTeam('carl'))).toEqual(refused);
    await done(ann, 'AddMember', { userId: 'carl@team', role: 'org.viewer' }, `orgs/${id}`);
    expect(await comes(ofTeam('carl'))).toBe(200);
  });

  it('do not hear what organizations of another realm say, and bear on no other realm', async () => {
    const org = { orgId: 'elsewhere', name: 'Elsewhere', ownerId: 'olga' };
    await done(operator('default'), 'CreateOrg', org);
    await done(
      { realm: 'default', sub: 'olga' },
      'AddMember',
      { userId: 'dora@team', role: 'org.admin' },
      'orgs/elsewhere',
    );
    expect(await comes(ofTeam('dora'))).toEqual(refused);
    expect(await comes({ realm: 'default', sub: 'anybody' })).toBe(200);
  });

  it('are open again when they are set so', async () => {
    await done(op, 'SetSignUpRules', { rule: 'open' });
    expect(await comes(ofTeam('dora'))).toBe(200);
    for (const wrong of [{ rule: 'domains' }, { rule: 'open', domains: ['acme.test'] }, { rule: 'closed' }])
      expect((await command(op, 'SetSignUpRules', wrong)).status).toBe(400);
  });
});
