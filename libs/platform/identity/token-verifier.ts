import { hash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Caller } from '#libs/application/caller.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { DEFAULT_REALM } from '#libs/domain/access/documents.js';
import { isPrincipalId } from '#libs/domain/text.js';
import type { Keys } from '../keys.js';
import { type Claims, claims, isUsableSubject, verifiedToken } from './claims.js';
import { type Issuer, KeysUnreachable } from './issuer.js';
import { derivedUserId, fingerprint } from './principal.js';
import { refused, type Unauthenticated, type Verification } from './verification.js';

const algorithms = ['EdDSA', 'ES256', 'RS256', 'PS256'];
/** Absent too: RFC 7519 leaves `typ` to the issuer, and some large ones leave it out. */
const types = new Set([undefined, 'jwt', 'at+jwt']);
const toleranceSeconds = 60;
const maxHeaderLength = 16_384;
const scheme = 'bearer ';
const compactJws = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** Who a request's `Authorization` header says is asking. A token once verified costs one hash until it expires. */
export class TokenVerifier {
  private trusted: Trusted;

  constructor(
    issuers: readonly Issuer[],
    private readonly keys: Pick<Keys, 'identity' | 'index'>,
    private readonly clock: Clock,
  ) {
    this.trusted = trustIn(issuers);
  }

  /** From now on these are trusted; what others have vouched for is verified anew. */
  use(issuers: readonly Issuer[]): void {
    this.trusted = trustIn(issuers);
  }

  async verify(authorization: string | undefined): Promise<Verification> {
    if (authorization === undefined || authorization === '') return refused('missing');
    if (authorization.length > maxHeaderLength) return refused('malformed');
    if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return refused('malformed');
    const token = authorization.slice(scheme.length).trim();
    const digest = hash('sha256', token, 'base64');
    const { issuers, verified } = this.trusted;
    const known = verified.get(digest);
    if (known !== undefined) {
      if (this.clock.now() < known.token.expiresAtMs) return { ok: true, caller: known };
      verified.delete(digest);
      return refused('expired');
    }
    const verification = compactJws.test(token) ? await this.verifyToken(token, issuers) : refused('malformed');
    if (verification.ok) verified.set(digest, verification.caller, { size: token.length + 512 });
    return verification;
  }

  private async verifyToken(token: string, issuers: Trusted['issuers']): Promise<Verification> {
    const unverified = decoded(token);
    if (unverified === undefined) return refused('malformed');
    if (!algorithms.includes(unverified.algorithm)) return refused('algorithm_not_allowed');
    if (!types.has(unverified.type)) return refused('unsupported_type');
    const issuer = issuers.get(unverified.issuer);
    if (issuer === undefined) return refused('untrusted_issuer');
    const now = this.clock.now();
    try {
      const { payload } = await jwtVerify(token, (header, jws) => issuer.keyFor(header, jws), {
        algorithms,
        issuer: issuer.name,
        audience: issuer.audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: toleranceSeconds,
        currentDate: new Date(now),
      });
      if (issuer.callerOf !== undefined) {
        const caller = issuer.callerOf(payload);
        if (caller === undefined) return refused('malformed');
        return { ok: true, caller: Object.freeze({ ...caller, credential: fingerprint(this.keys.index, token) }) };
      }
      if (issuer.admits?.(payload) === false) return refused('login_method_not_offered');
      const parsed = claims.safeParse(issuer.standardClaims?.(payload) ?? payload);
      return parsed.success ? this.callerOf(issuer, token, parsed.data, now) : refused('malformed');
    } catch (error) {
      return refused(reasonOf(error));
    }
  }

  private callerOf(issuer: Issuer, token: string, payload: Claims, now: number): Verification {
    // A token from the future would make every later one look older, and its claims stay.
    if (payload.iat > now / 1000 + toleranceSeconds) return refused('not_yet_valid');
    if (!isUsableSubject(payload.sub)) return refused('unusable_subject');
    const realms = issuer.realms ?? [DEFAULT_REALM];
    // Other providers may mean something else by a claim of this name.
    const named = issuer.givesOpaqueIds ? payload.realm : undefined;
    const realm = named === undefined ? realms[0] : realms.find((each) => each === named);
    if (realm === undefined) return refused('unknown_realm');
    const id = issuer.givesOpaqueIds
      ? opaqueId(payload.sub, realm, realms)
      : derivedUserId(this.keys.identity, issuer.name, payload.sub);
    if (id === undefined) return refused('unusable_subject');
    const delegate = payload.act && this.delegateOf(issuer, payload.act, realm, realms);
    if (delegate === null) return refused('unusable_subject');
    const credential = fingerprint(this.keys.index, token);
    return {
      ok: true,
      caller: Object.freeze({
        id,
        realm,
        credential,
        delegate,
        activeOrg: null,
        token: verifiedToken(payload, toleranceSeconds),
      }),
    };
  }

  /** Null where the token names somebody who cannot be: nobody then acts unseen. */
  private delegateOf(
    issuer: Issuer,
    { sub, iss }: NonNullable<Claims['act']>,
    realm: string,
    realms: readonly string[],
  ): string | null {
    if (!isUsableSubject(sub)) return null;
    if (!issuer.givesOpaqueIds) return derivedUserId(this.keys.identity, iss ?? issuer.name, sub);
    return opaqueId(sub, realm, realms) ?? null;
  }
}

interface Trusted {
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** By the token's digest, so that memory holds no credentials; bounded by bytes, since tokens differ widely in size. */
  readonly verified: LRUCache<string, Caller>;
}

const trustIn = (issuers: readonly Issuer[]): Trusted => ({
  issuers: new Map(issuers.map((issuer) => [issuer.name, issuer])),
  verified: new LRUCache<string, Caller>({ maxSize: 1 << 25 }),
});

/** The same subject is another person in another realm: outside of the first one, the id says which. */
function opaqueId(subject: string, realm: string, realms: readonly string[]): string | undefined {
  const claimsRealm = realms.some((each) => subject.endsWith(`@${each}`));
  const id = realm === DEFAULT_REALM ? subject : `${subject}@${realm}`;
  return !claimsRealm && isPrincipalId(id) ? id : undefined;
}

function decoded(token: string): { algorithm: string; type: string | undefined; issuer: string } | undefined {
  try {
    const { alg, typ } = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    if (typeof alg !== 'string' || !(typ === undefined || typeof typ === 'string')) return undefined;
    return {
      algorithm: alg,
      type: typ?.toLowerCase().replace(/^application\//, ''),
      issuer: typeof iss === 'string' ? iss : '',
    };
  } catch {
    return undefined;
  }
}

const reasonsByClaim: Readonly<Record<string, Unauthenticated>> = {
  aud: 'wrong_audience',
  nbf: 'not_yet_valid',
  iss: 'untrusted_issuer',
};

function reasonOf(error: unknown): Unauthenticated | 'unavailable' {
  if (error instanceof KeysUnreachable) return 'unavailable';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return reasonsByClaim[error.claim] ?? 'malformed';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm_not_allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'bad_signature';
  if (error instanceof errors.JOSEError) return 'malformed';
  // A provider's key that is of the wrong kind or too short for the algorithm.
  if (error instanceof TypeError || error instanceof DOMException) return 'bad_signature';
  throw error;
}
