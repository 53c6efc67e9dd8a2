import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Caller } from '#libs/application/caller.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { principalId, slug } from '#libs/domain/text.js';
import type { Keys } from '../keys.js';
import { claims, verifiedToken } from './claims.js';
import type { Issuer } from './issuer.js';

const issuerName = 'tenantry-session';
const algorithm = 'ES256';
/** A session is entered anew after this: short, as nothing but the end of the membership ends it before. */
const TTL_SECONDS = 900;
/** What a verifier allows a token beyond its end. */
const TOLERANCE_SECONDS = 60;

const sessionClaims = claims.extend({
  sub: principalId,
  realm: z.string(),
  org: slug,
  act: z.object({ sub: principalId }).optional(),
  /** The token that the session was entered with: what it has shown of the person is as old as it. */
  src: z.object({ iss: z.string(), sub: z.string(), iat: z.number() }),
});

/** Accepts the sessions that `signSession` signs, in this deployment alone: the key and the audience are its own. */
export function sessionIssuer(keys: Pick<Keys, 'issuer'>, audience: string, realms: readonly string[]): Issuer {
  return {
    name: issuerName,
    audience,
    givesOpaqueIds: true,
    realms,
    keyFor: () => Promise.resolve(keys.issuer.publicKey),
    callerOf: (payload) => {
      const parsed = sessionClaims.safeParse(payload).data;
      if (parsed === undefined || !realms.includes(parsed.realm)) return undefined;
      const { sub: id, realm, org: activeOrg, act, src } = parsed;
      const token = verifiedToken({ ...parsed, ...src }, TOLERANCE_SECONDS);
      return { id, realm, activeOrg, delegate: act?.sub, token };
    },
  };
}

/**
 * A token of the same person that is scoped to one organization (RFC 8693). It shows what the caller's own token has shown,
 * and ends no later. `expiresIn` in seconds.
 */
export async function signSession(
  keys: Pick<Keys, 'issuer'>,
  audience: string,
  { id, realm, delegate, token }: Caller,
  orgId: string,
  clock: Clock,
): Promise<{ readonly token: string; readonly expiresIn: number }> {
  const now = Math.floor(clock.now() / 1000);
  const expiresIn = Math.min(TTL_SECONDS, Math.floor(token.expiresAtMs / 1000) - TOLERANCE_SECONDS - now);
  const { email, name, groups, issuer: iss, subject: sub, issuedAt: iat } = token;
  const signed = await new SignJWT({
    realm,
    org: orgId,
    src: { iss, sub, iat },
    ...(email === null ? {} : { email, email_verified: true }),
    ...(name === null ? {} : { name }),
    ...(groups.length === 0 ? {} : { groups: [...groups] }),
    ...(delegate === undefined ? {} : { act: { sub: delegate } }),
  })
    .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: keys.issuer.kid })
    .setIssuer(issuerName)
    .setAudience(audience)
    .setSubject(id)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresIn)
    .sign(keys.issuer.privateKey);
  return { token: signed, expiresIn: Math.max(0, expiresIn) };
}
