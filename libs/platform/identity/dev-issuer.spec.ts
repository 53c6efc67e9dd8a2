import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { Clock } from '#libs/application/ports/clock.js';
import { loadConfig } from '../config.js';
import type { Keys } from '../keys.js';
import { type DevTokenClaims, devIssuerName, signDevToken } from './dev-issuer.js';
import { TokenVerifier } from './token-verifier.js';
import { TrustedIssuers } from './trusted-issuers.js';

const newKeys = (): Keys => ({
  formerMasters: [],
  formerIndexes: [],
  identity: createSecretKey(Buffer.alloc(32, 2)),
  master: createSecretKey(Buffer.alloc(32, 1)),
  index: createSecretKey(Buffer.alloc(32, 2)),
  issuer: { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), kid: 'dev' },
  ledger: { name: 'tenantry-000000000000', formerKeys: [], ...generateKeyPairSync('ed25519') },
});
const clock = new (class extends Clock {
  now(): number {
    return 1_800_000_000_000;
  }
})();
const keys = newKeys();
const verifier = new TokenVerifier(new TrustedIssuers(loadConfig({}), keys, clock).of(), keys, clock);
const verified = async (claims: Partial<DevTokenClaims>, signedWith = keys) =>
  verifier.verify(`Bearer ${await signDevToken(signedWith, { sub: 'alice', ttlSeconds: 60, ...claims }, clock)}`);

describe('the development issuer', () => {
  it('gives its subjects as ids, its addresses as verified, its groups as they are', async () => {
    expect(await verified({ email: 'admin@localhost', groups: ['eng'], realm: 'default' })).toMatchObject({
      ok: true,
      caller: {
        id: 'alice',
        realm: 'default',
        token: { issuer: devIssuerName, email: 'admin@localhost', groups: ['eng'] },
      },
    });
    expect(await verified({})).toMatchObject({ ok: true, caller: { token: { email: null, groups: [], name: null } } });
  });

  it('vouches for principal ids only, and for the realms that are configured', async () => {
    for (const sub of ['a b', 'a/b', '-a', 'x'.repeat(129), 'é'])
      expect(await verified({ sub })).toEqual({ ok: false, reason: 'unusable_subject' });
    expect(await verified({ realm: 'other' })).toEqual({ ok: false, reason: 'unknown_realm' });
  });

  it('vouches for people of each realm that there is, who are others under the same name', async () => {
    const config = loadConfig({ REALMS: 'default=enterprise,studio=studio' });
    const both = new TokenVerifier(new TrustedIssuers(config, keys, clock).of(), keys, clock);
    const idOf = async (claims: { sub: string; realm?: string }) => {
      const token = await signDevToken(keys, { ttlSeconds: 60, ...claims }, clock);
      const verification = await both.verify(`Bearer ${token}`);
      return verification.ok ? `${verification.caller.realm} ${verification.caller.id}` : verification.reason;
    };
    expect(await idOf({ sub: 'alice' })).toBe('default alice');
    expect(await idOf({ sub: 'alice', realm: 'default' })).toBe('default alice');
    expect(await idOf({ sub: 'alice', realm: 'studio' })).toBe('studio alice@studio');
    expect(await idOf({ sub: 'alice', realm: 'teams' })).toBe('unknown_realm');
    for (const realm of ['default', 'studio'])
      expect(await idOf({ sub: 'alice@studio', realm })).toBe('unusable_subject');
    expect(await idOf({ sub: 'x'.repeat(125), realm: 'studio' })).toBe('unusable_subject');
  });

  it('is known by its key', async () => {
    expect(await verified({}, newKeys())).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('leaves each provider to its realm, and to the first one where it has none', () => {
    const config = loadConfig({
      OIDC_ISSUERS: 'https://a.example,https://b.example',
      OIDC_AUDIENCE: 'tenantry',
      REALMS: 'main=enterprise,studio=studio@https://b.example',
    });
    const first = new TrustedIssuers(config, keys, clock).of().map(({ name, realms }) => [name, realms?.[0]]);
    expect(first).toEqual([
      ['tenantry-session', 'main'],
      ['https://a.example', 'main'],
      ['https://b.example', 'studio'],
    ]);
  });

  it('is off when a provider is configured', async () => {
    const config = loadConfig({ OIDC_ISSUERS: 'https://login.example.com', OIDC_AUDIENCE: 'tenantry' });
    const strict = new TokenVerifier(new TrustedIssuers(config, keys, clock).of(), keys, clock);
    const token = await signDevToken(keys, { sub: 'alice', ttlSeconds: 60 }, clock);
    expect(await strict.verify(`Bearer ${token}`)).toEqual({ ok: false, reason: 'untrusted_issuer' });
    const forged = await new SignJWT({ sub: 'alice', exp: 1_900_000_000 })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(keys.issuer.privateKey);
    expect(await strict.verify(`Bearer ${forged}`)).toEqual({ ok: false, reason: 'untrusted_issuer' });
  });
});
