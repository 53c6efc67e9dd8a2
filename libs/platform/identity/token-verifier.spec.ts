import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { OidcProvider, SetClock } from '../../../test/support/oidc-provider.js';
import { remoteIssuer } from './remote-issuer.js';
import { TokenVerifier } from './token-verifier.js';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const indexKey = createSecretKey(Buffer.alloc(32, 7));
const startMs = Date.parse('2026-03-01T12:00:00Z');
const seconds = startMs / 1000;

let clock: SetClock;
let provider: OidcProvider;
let second: OidcProvider;
let verifier: TokenVerifier;

const issuerAt = ({ issuer }: OidcProvider) => remoteIssuer(issuer, { audience: 'tenantry', clock, timeoutMs: 20_000 });

beforeEach(async () => {
  clock = new SetClock(startMs);
  [provider, second] = await Promise.all([new OidcProvider().start(), new OidcProvider().start()]);
  provider.publish('one', ec.publicKey, 'ES256');
  second.publish('one', ec.publicKey, 'ES256');
  verifier = new TokenVerifier([issuerAt(provider), issuerAt(second)], { identity: indexKey, index: indexKey }, clock);
});
afterEach(() => Promise.all([provider.stop(), second.stop()]));

interface Signing {
  readonly header?: Record<string, unknown>;
  readonly key?: KeyObject;
}
async function tokenWith(
  claims: Record<string, unknown> = {},
  { header = {}, key = ec.privateKey }: Signing = {},
): Promise<string> {
  const payload = { iss: provider.issuer, sub: 'alice', aud: 'tenantry', iat: seconds, exp: seconds + 3600, ...claims };
  const signing = new SignJWT(JSON.parse(JSON.stringify(payload)));
  return signing.setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'one', ...header }).sign(key);
}
async function outcomeOf(token: string): Promise<string> {
  const verification = await verifier.verify(`Bearer ${token}`);
  return verification.ok ? verification.caller.id : verification.reason;
}
async function callerOf(token: string) {
  const verification = await verifier.verify(`Bearer ${token}`);
  if (!verification.ok) throw new Error(verification.reason);
  return verification.caller;
}
const someId = expect.stringMatching(/^u_[a-z2-7]{32}$/);

describe('a token of a remote issuer', () => {
  it('says who asks', async () => {
    const claims = {
      email: 'Alice@Acme.test',
      email_verified: true,
      name: ' Alice ',
      groups: ['eng', 'eng', 'ops'],
      nonce: 'x',
    };
    const token = await tokenWith(claims);
    expect(await callerOf(token)).toEqual({
      id: someId,
      realm: 'default',
      activeOrg: null,
      credential: `jwt:${createHmac('sha256', indexKey).update(token).digest('hex').slice(0, 16)}`,
      token: {
        issuer: provider.issuer,
        subject: 'alice',
        email: 'alice@acme.test',
        name: 'Alice',
        groups: ['eng', 'ops'],
        issuedAt: seconds,
        expiresAtMs: startMs + 3_660_000,
      },
    });
  });

  it('is accepted under each allowed algorithm, and as an access token or without a type', async () => {
    const ed = generateKeyPairSync('ed25519');
    provider.publish('ed', ed.publicKey, 'EdDSA');
    provider.publish('rs', rsa.publicKey, 'RS256');
    provider.publish('ps', rsa.publicKey, 'PS256');
    expect(await outcomeOf(await tokenWith({}, { header: { alg: 'EdDSA', kid: 'ed' }, key: ed.privateKey }))).toEqual(
      someId,
    );
    expect(await outcomeOf(await tokenWith({}, { header: { alg: 'RS256', kid: 'rs' }, key: rsa.privateKey }))).toEqual(
      someId,
    );
    expect(await outcomeOf(await tokenWith({}, { header: { alg: 'PS256', kid: 'ps' }, key: rsa.privateKey }))).toEqual(
      someId,
    );
    for (const typ of ['at+jwt', 'application/at+jwt', 'jwt', undefined])
      expect(await outcomeOf(await tokenWith({}, { header: { typ } }))).toEqual(someId);
    expect(await outcomeOf(await tokenWith({}, { header: { typ: 'logout+jwt' } }))).toBe('unsupported_type');
  });

  it('is refused under any other algorithm, above all none and HMAC with the public key', async () => {
    const unsecured = new UnsecuredJWT({
      iss: provider.issuer,
      sub: 'alice',
      aud: 'tenantry',
      iat: seconds,
      exp: seconds + 60,
    }).encode();
    expect(await outcomeOf(unsecured)).toBe('algorithm_not_allowed');
    for (const secret of [await exportSPKI(ec.publicKey), JSON.stringify(provider.jwks[0])]) {
      const key = createSecretKey(Buffer.from(secret));
      expect(await outcomeOf(await tokenWith({}, { header: { alg: 'HS256' }, key }))).toBe('algorithm_not_allowed');
    }
    const rs512 = await tokenWith({}, { header: { alg: 'RS512' }, key: rsa.privateKey });
    expect(await outcomeOf(rs512)).toBe('algorithm_not_allowed');
    expect(provider.requests).toEqual([]);
  });

  it('is refused when it is not what the issuer signed', async () => {
    expect(await outcomeOf(await tokenWith({}, { key: otherEc.privateKey }))).toBe('bad_signature');
    const [header, , signature] = (await tokenWith()).split('.');
    const changed = Buffer.from(
      JSON.stringify({ iss: provider.issuer, sub: 'root', aud: 'tenantry', iat: seconds, exp: seconds + 60 }),
    );
    expect(await outcomeOf(`${header}.${changed.toString('base64url')}.${signature}`)).toBe('bad_signature');
    const rsToken = await tokenWith({}, { header: { alg: 'RS256', kid: 'one' }, key: rsa.privateKey });
    expect(await outcomeOf(rsToken)).toBe('bad_signature');
  });

  it('is refused for another audience or issuer, or without one', async () => {
    expect(await outcomeOf(await tokenWith({ aud: ['a', 'tenantry'] }))).toEqual(someId);
    expect(await outcomeOf(await tokenWith({ aud: 'other' }))).toBe('wrong_audience');
    expect(await outcomeOf(await tokenWith({ aud: undefined }))).toBe('wrong_audience');
    for (const iss of [undefined, `${provider.issuer}/`, 'https://evil.example', 'tenantry-dev'])
      expect(await outcomeOf(await tokenWith({ iss }))).toBe('untrusted_issuer');
  });

  it('is refused before and after its time, with a minute of tolerance', async () => {
    expect(await outcomeOf(await tokenWith({ exp: seconds - 59 }))).toEqual(someId);
    expect(await outcomeOf(await tokenWith({ exp: seconds - 60 }))).toBe('expired');
    expect(await outcomeOf(await tokenWith({ nbf: seconds + 60 }))).toEqual(someId);
    expect(await outcomeOf(await tokenWith({ nbf: seconds + 61 }))).toBe('not_yet_valid');
    expect(await outcomeOf(await tokenWith({ iat: seconds + 61 }))).toBe('not_yet_valid');
    for (const missing of ['exp', 'iat', 'sub'])
      expect(await outcomeOf(await tokenWith({ [missing]: undefined }))).toBe('malformed');
    expect(await outcomeOf(await tokenWith({ exp: 1e300 }))).toBe('malformed');
  });

  it('counts an address only when the issuer verified it, and no look-alikes', async () => {
    const emailOf = async (email: unknown, email_verified: unknown) =>
      (await callerOf(await tokenWith({ email, email_verified }))).token.email;
    for (const verified of [undefined, false, 'true', 1]) expect(await emailOf('admin@acme.test', verified)).toBeNull();
    for (const email of ['\u212Aim@acme.test', 'no-address', 'a@b@c', 'a b@c', 7, 'a@b\u0000'])
      expect(await emailOf(email, true)).toBeNull();
    expect(await emailOf('ADMİN@acme.test'.normalize('NFC'), true)).toBe('admİn@acme.test');
  });

  it('bounds groups and drops those that no store takes', async () => {
    const groupsOf = async (groups: unknown) => (await callerOf(await tokenWith({ groups }))).token.groups;
    expect(await groupsOf(['ok', 'nul\u0000', '\ud800', 'x'.repeat(257), 7, '', ' trimmed '])).toEqual([
      'ok',
      'trimmed',
    ]);
    expect(await groupsOf('admins')).toEqual([]);
    expect(await groupsOf(Array.from({ length: 500 }, (_, index) => `g${index}`))).toHaveLength(200);
  });

  it('is refused with a subject that no store takes', async () => {
    for (const sub of ['a\u0000b', '\ud800', 'x'.repeat(256), ''])
      expect(await outcomeOf(await tokenWith({ sub }))).toBe('unusable_subject');
    expect(await outcomeOf(await tokenWith({ sub: `auth0|${'x'.repeat(240)} é` }))).toEqual(someId);
    expect(await outcomeOf(await tokenWith({ sub: 7 }))).toBe('malformed');
  });

  it('gives one id per issuer and subject, for ever', async () => {
    const alice = await outcomeOf(await tokenWith());
    expect(await outcomeOf(await tokenWith({ email: 'new@acme.test' }))).toBe(alice);
    expect(await outcomeOf(await tokenWith({ sub: 'Alice' }))).not.toBe(alice);
    expect(await outcomeOf(await tokenWith({ iss: second.issuer }))).not.toBe(alice);
    expect(alice).not.toContain('alice');
  });
});

describe('the Authorization header', () => {
  it('must hold one bearer token of sane size', async () => {
    const token = await tokenWith();
    expect(await verifier.verify(undefined)).toEqual({ ok: false, reason: 'missing' });
    expect(await verifier.verify('')).toEqual({ ok: false, reason: 'missing' });
    const malformed = [
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      token,
      'Bearer a.b',
      'Bearer a.b.c',
      `Bearer ${token}, Bearer ${token}`,
    ];
    for (const header of [
      ...malformed,
      `Bearer ${token}.x`,
      `Bearer ${await tokenWith({ padding: 'a'.repeat(16_384) })}`,
    ])
      expect(await verifier.verify(header)).toEqual({ ok: false, reason: 'malformed' });
    expect((await verifier.verify(`bearer ${token}`)).ok).toBe(true);
  });
});

describe('verified tokens', () => {
  it('are remembered: no second verification, and the same caller', async () => {
    const token = await tokenWith();
    const caller = await callerOf(token);
    provider.broken = 'error';
    clock.ms += 1_800_000;
    expect(await callerOf(token)).toBe(caller);
  });

  it('end with the token, by the clock', async () => {
    const token = await tokenWith({ exp: seconds + 10 });
    await callerOf(token);
    clock.ms = startMs + 69_999;
    expect(await outcomeOf(token)).toEqual(someId);
    clock.ms = startMs + 70_000;
    expect(await outcomeOf(token)).toBe('expired');
    expect(await outcomeOf(token)).toBe('expired');
  });
});
