import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { startTestApi, type TestApi } from '../support/api.js';
import { OidcProvider } from '../support/oidc-provider.js';

const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let api: TestApi;
let provider: OidcProvider;

beforeAll(async () => {
  provider = await new OidcProvider().start();
  provider.publish('one', signing.publicKey, 'ES256');
  const REALMS = 'default=enterprise,gate=gateway,studio=studio';
  api = await startTestApi({
    environment: { REALMS, READ_WAIT_MS: '20000', PLATFORM_ADMIN_GROUP: 'operators' },
  });
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await provider?.stop();
});

async function tokenWith(claims: Record<string, unknown>): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: provider.issuer, aud: 'tenantry', iat: now, exp: now + 3600, ...claims };
  return `Bearer ${await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(signing.privateKey)}`;
}
async function me(authorization: string) {
  const { status, text } = await api.http.send({ path: '/v1/me', headers: { authorization } });
  const { id, email, reason } = JSON.parse(text);
  return status === 200 ? { id, email } : [status, reason];
}
async function command(realm: string, name: string, body: object, headers: Record<string, string> = {}) {
  const authorization = await api.bearer('op', { realm, email: 'admin@localhost' });
  const answer = await api.http.send({
    path: `/v1/realm/commands/${name}`,
    headers: { authorization, ...headers },
    body,
  });
  const { code, events } = JSON.parse(answer.text);
  return answer.status === 200 ? events.map(({ type }: { type: string }) => type) : [answer.status, code];
}
const set = (realm: string, more: object = {}, headers = {}) =>
  command(
    realm,
    'SetRealmIssuers',
    { issuers: [{ issuer: provider.issuer, audiences: ['tenantry'], ...more }] },
    headers,
  );
const loginPage = async (realm: string) => {
  const { status, text } = await api.http.send({ path: `/v1/realms/${realm}/sign-in` });
  return status === 200 ? JSON.parse(text) : status;
};

describe('identity providers of a realm (G17, G18, G23)', () => {
  it('are trusted as soon as they are set, for the audiences and under the claims that were named', async () => {
    const alice = await tokenWith({ sub: 'alice', oid: 'a-1', upn: 'Alice@acme.test', upn_verified: true });
    expect(await me(alice)).toEqual([401, 'untrusted_issuer']);
    expect(await set('gate', {}, { 'dry-run': 'true' })).toEqual(['RealmIssuersSet']);
    expect(await me(alice)).toEqual([401, 'untrusted_issuer']);
    expect(await set('gate')).toEqual(['RealmIssuersSet']);
    const plain = await me(alice);
    expect(plain).toEqual({ id: expect.stringMatching(/^u_/), email: null });
    expect(await me(await tokenWith({ sub: 'alice', aud: 'another' }))).toEqual([401, 'wrong_audience']);
    const claims = { subject: 'oid', email: 'upn', emailVerified: 'upn_verified', groups: 'roles' };
    expect(await set('gate', { claims })).toEqual(['RealmIssuersSet']);
    expect(await set('gate', { claims })).toEqual([]);
    // The same token, which was verified before: nothing that was said of it then counts any more.
    const mapped = await me(alice);
    expect(mapped).toEqual({ id: expect.stringMatching(/^u_/), email: 'alice@acme.test' });
    expect(mapped).not.toMatchObject({ id: (plain as { id: string }).id });
    expect(await me(await tokenWith({ sub: 'alice' }))).toEqual([401, 'malformed']);
  });

  it('make platform admins of their realm by the claim that is named, and nobody of another realm', async () => {
    const root = await tokenWith({ sub: 'root', oid: 'r-1', roles: ['operators'] });
    const list = (authorization: string) => api.http.send({ path: '/v1/orgs', headers: { authorization } });
    const pricing = await api.http.send({ path: '/v1/realm/sign-in', headers: { authorization: root } });
    expect(JSON.parse(pricing.text)).toMatchObject({ issuers: [{ issuer: provider.issuer, audiences: ['tenantry'] }] });
    const created = await command('default', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    expect(created).toEqual(['OrgCreated']);
    expect(JSON.parse((await list(root)).text).organizations).toEqual([]);
    const missing = await api.http.send({ path: '/v1/orgs/acme', headers: { authorization: root } });
    expect(missing.status).toBe(404);
    // The claim of this name is the development issuer's alone.
    const claiming = await tokenWith({ sub: 'root', oid: 'r-1', roles: ['operators'], realm: 'default' });
    expect((await api.http.send({ path: '/v1/orgs/acme', headers: { authorization: claiming } })).status).toBe(404);
  });

  it('are of one realm alone, for good, also where two set the same at once', async () => {
    expect(await set('studio', {}, { 'dry-run': 'true' })).toEqual([409, 'issuer_elsewhere']);
    expect(await set('studio')).toEqual([409, 'issuer_elsewhere']);
    const other = { issuers: [{ issuer: 'https://login.both.test', audiences: ['tenantry'] }] };
    const both = await Promise.all(['default', 'studio'].map((realm) => command(realm, 'SetRealmIssuers', other)));
    expect(both).toHaveLength(2);
    expect(both).toEqual(expect.arrayContaining([['RealmIssuersSet'], [409, 'issuer_elsewhere']]));
    const winner = both[0]?.[0] === 'RealmIssuersSet' ? 'default' : 'studio';
    const loser = winner === 'default' ? 'studio' : 'default';
    expect(await command(winner, 'SetRealmIssuers', { issuers: [] })).toEqual(['RealmIssuersSet']);
    expect(await command(loser, 'SetRealmIssuers', other)).toEqual([409, 'issuer_elsewhere']);
  });

  it('are set by platform admins alone, and never claimed by anybody else', async () => {
    const authorization = await api.bearer('mel', { realm: 'studio' });
    const issuers = [{ issuer: 'https://login.mel.test', audiences: ['tenantry'] }];
    const send = (headers: Record<string, string>, body: object) =>
      api.http.send({ path: '/v1/realm/commands/SetRealmIssuers', headers, body });
    expect((await send({ authorization }, { issuers })).status).toBe(403);
    expect(await command('default', 'SetRealmIssuers', { issuers })).toEqual(['RealmIssuersSet']);
    for (const issuer of ['http://login.acme.test', 'https://a:b@login.test', 'https://login.test?x=1', 'login.test'])
      expect([issuer, await set('gate', { issuer })]).toEqual([issuer, [400, 'invalid']]);
    expect(await set('gate', { audiences: [] })).toEqual([400, 'invalid']);
  });
});

describe('login methods (G6)', () => {
  it('are shown to a login page, and bind tokens that tell by which of them their person signed in', async () => {
    const by = (...amr: string[]) => tokenWith({ sub: 'lea', amr });
    await set('gate', { claims: { loginMethod: 'amr' } });
    const google = await by('google');
    expect(await me(google)).toMatchObject({ email: null });
    expect(await command('gate', 'SetLoginMethods', { methods: ['saml', 'password'] })).toEqual(['LoginMethodsSet']);
    expect(await loginPage('gate')).toEqual({
      realm: 'gate',
      loginMethods: ['saml', 'password'],
      signUp: 'open',
      issuers: [provider.issuer],
    });
    expect(await me(google)).toEqual([401, 'login_method_not_offered']);
    expect(await me(await by())).toEqual([401, 'login_method_not_offered']);
    expect(await me(await by('mfa', 'saml'))).toMatchObject({ email: null });
    await set('gate');
    expect(await me(google)).toMatchObject({ email: null });
    expect(await loginPage('nowhere')).toBe(404);
    expect(await loginPage('__proto__')).toBe(404);
  });

  it('and providers that are taken out of the list are trusted no more', async () => {
    const alice = await tokenWith({ sub: 'alice' });
    expect(await me(alice)).toMatchObject({ email: null });
    expect(await command('gate', 'SetRealmIssuers', { issuers: [] })).toEqual(['RealmIssuersSet']);
    expect(await me(alice)).toEqual([401, 'untrusted_issuer']);
  });
});
