import { SignJWT } from 'jose';
import type { Clock } from '#libs/application/ports/clock.js';
import { SystemClock } from '../clock.js';
import type { Keys } from '../keys.js';
import type { Issuer } from './issuer.js';

/** The same everywhere, so that a token made on the command line needs to know nothing of the server but its keys. */
export const devIssuerName = 'tenantry-dev';
const devAudience = 'tenantry';
const algorithm = 'ES256';

export interface DevTokenClaims {
  /** Serves as the principal id as it is; in a realm other than `default`, followed by `@<realm>`. */
  readonly sub: string;
  /** Counts as verified. */
  readonly email?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly realm?: string;
  /** Who acts in the subject's name. */
  readonly act?: { readonly sub: string };
  readonly ttlSeconds: number;
}

/** Vouches for whoever holds the key folder: for development, verified without any network. */
export function devIssuer(keys: Keys, realms: readonly string[]): Issuer {
  return {
    name: devIssuerName,
    audience: devAudience,
    givesOpaqueIds: true,
    realms,
    keyFor: () => Promise.resolve(keys.issuer.publicKey),
  };
}

export function signDevToken(keys: Keys, claims: DevTokenClaims, clock: Clock = new SystemClock()): Promise<string> {
  const { sub, email, name, groups, realm, act, ttlSeconds } = claims;
  const issuedAt = Math.floor(clock.now() / 1000);
  return new SignJWT({
    ...(email === undefined ? {} : { email, email_verified: true }),
    ...(name === undefined ? {} : { name }),
    ...(groups === undefined ? {} : { groups: [...groups] }),
    ...(realm === undefined ? {} : { realm }),
    ...(act === undefined ? {} : { act }),
  })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: keys.issuer.kid })
    .setIssuer(devIssuerName)
    .setAudience(devAudience)
    .setSubject(sub)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .sign(keys.issuer.privateKey);
}
