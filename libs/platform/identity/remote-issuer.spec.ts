import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { OidcProvider, SetClock } from '../../../test/support/oidc-provider.js';
import { remoteIssuer } from './remote-issuer.js';
import { TokenVerifier } from './token-verifier.js';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const indexKey = createSecretKey(Buffer.alloc(32, 7));
const startMs = Date.parse('2026-03-01T12:00:00Z');
const seconds = startMs / 1000;

let clock: SetClock;
let provider: OidcProvider;
let second: OidcProvider;
let verifier: TokenVerifier;

const issuerAt = ({ issuer }: OidcProvider) => remoteIssuer(issuer, { audience: 'tenantry', clock, timeoutMs: 3_000 });

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
const someId = expect.stringMatching(/^u_[a-z2-7]{32}$/);

describe("an issuer's keys", () => {
  it('are fetched once for many', async () => {
    await Promise.all(Array.from({ length: 20 }, async (_, index) => outcomeOf(await tokenWith({ sub: `s${index}` }))));
    expect(provider.requests).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('rotate: an unknown key id fetches them anew, once per cooldown', async () => {
    await outcomeOf(await tokenWith());
    const rotated = await tokenWith({}, { header: { kid: 'two' }, key: otherEc.privateKey });
    provider.jwks = [];
    provider.publish('two', otherEc.publicKey, 'ES256');
    expect(await outcomeOf(rotated)).toBe('bad_signature');
    clock.ms += 60_000;
    expect(await outcomeOf(rotated)).toEqual(someId);
    expect(provider.keyRequests()).toBe(2);
    for (let forged = 0; forged < 5; forged++)
      expect(await outcomeOf(await tokenWith({ jti: String(forged) }, { header: { kid: `forged${forged}` } }))).toBe(
        'bad_signature',
      );
    expect(provider.keyRequests()).toBe(2);
    expect(await outcomeOf(await tokenWith({ jti: 'old' }))).toBe('bad_signature');
  });

  it('are forgotten when withdrawn, within ten minutes', async () => {
    await outcomeOf(await tokenWith());
    provider.jwks = [];
    provider.publish('two', otherEc.publicKey, 'ES256');
    clock.ms += 600_000;
    expect(await outcomeOf(await tokenWith({ jti: 'late' }))).toBe('bad_signature');
  });

  it.each(['error', 'hanging', 'otherIssuer'] as const)(
    'are unavailable while the provider is %s, then come back',
    async (broken) => {
      provider.broken = broken;
      expect(await outcomeOf(await tokenWith())).toBe('unavailable');
      const { length } = provider.requests;
      expect(await outcomeOf(await tokenWith())).toBe('unavailable');
      expect(provider.requests).toHaveLength(length);
      expect(await outcomeOf(await tokenWith({ iss: second.issuer }))).toEqual(someId);
      provider.broken = 'no';
      clock.ms += 5_000;
      expect(await outcomeOf(await tokenWith())).toEqual(someId);
    },
  );

  it('serve for an hour when the provider goes down later', async () => {
    await outcomeOf(await tokenWith());
    provider.broken = 'error';
    clock.ms += 3_599_000;
    expect(await outcomeOf(await tokenWith({ jti: 'a' }))).toEqual(someId);
    expect(await outcomeOf(await tokenWith({ jti: 'b' }, { header: { kid: 'new' } }))).toBe('unavailable');
    clock.ms += 1_000;
    expect(await outcomeOf(await tokenWith({ jti: 'c' }))).toBe('unavailable');
  });
});
