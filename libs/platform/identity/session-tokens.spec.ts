import { createHash, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { sessionIssuer, signSession } from './session-tokens.js';
import { TokenVerifier } from './token-verifier.js';

const clock = { at: 1_800_000_000_000, now: () => clock.at };
const index = createSecretKey(createHash('sha256').digest());
const newKeys = () => ({ issuer: { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), kid: 'k' } });
const keys = newKeys();
const audience = 'https://tenantry.test';
const verifier = new TokenVerifier(
  [sessionIssuer(keys, audience, ['default', 'rules'])],
  { index, identity: index },
  clock,
);

const caller: Caller = {
  id: 'liu@rules',
  realm: 'rules',
  credential: 'jwt:1',
  delegate: 'helper',
  activeOrg: null,
  token: {
    issuer: 'https://login.test',
    subject: 'auth0|17',
    email: 'liu@rules.test',
    name: 'Liu',
    groups: ['operators'],
    issuedAt: 1_799_999_000,
    expiresAtMs: clock.at + 10_000_000,
  },
};
const verified = async (from = keys, who = caller, to = audience) =>
  verifier.verify(`Bearer ${(await signSession(from, to, who, 'acme', clock)).token}`);

describe('a session (R12)', () => {
  it('is its person, with all that their own token has shown, in one organization', async () => {
    const { token, ...rest } = caller;
    expect(await verified()).toEqual({
      ok: true,
      caller: {
        ...rest,
        activeOrg: 'acme',
        credential: expect.stringMatching(/^jwt:/),
        token: { ...token, expiresAtMs: clock.at + 960_000 },
      },
    });
  });

  it('ends no later than that token', async () => {
    const { token } = caller;
    const short = { ...caller, token: { ...token, expiresAtMs: clock.at + 90_000 } };
    expect(await verified(keys, short)).toMatchObject({ caller: { token: { expiresAtMs: clock.at + 90_000 } } });
  });

  it.each([
    ['signed by another key', () => verified(newKeys()), 'bad_signature'],
    ['of another deployment', () => verified(keys, caller, 'https://other.test'), 'wrong_audience'],
    ['of a realm that is not served', () => verified(keys, { ...caller, realm: 'none' }), 'malformed'],
  ])('%s is none', async (_, asked, reason) => {
    expect(await asked()).toEqual({ ok: false, reason });
  });
});
