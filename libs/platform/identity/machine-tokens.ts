import type { KeyObject } from 'node:crypto';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import { v4 as randomId } from 'uuid';
import { z } from 'zod';
import type { MachineKey } from '#libs/application/key-callers.js';
import { machineOf, principalOf } from '#libs/domain/access/machines.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { Keys } from '../keys.js';

/** The `iss` and `aud` of tokens that service accounts get for their keys. */
const issuer = 'tenantry-machines';
const algorithm = 'ES256';
/** Short: it is looked up with every request that its key was not revoked, so this only bounds a lost token. */
export const MACHINE_TOKEN_SECONDS = 600;

const claims = z.object({ sub: z.string(), key: z.string(), exp: z.number() });

/** What a token says; `expiresAtMs`: until when. */
export interface MachineToken {
  readonly key: MachineKey;
  readonly expiresAtMs: number;
}

/** Tokens of service accounts (RFC 9068), signed with the key of this deployment. */
export class MachineTokens {
  private readonly signing: { readonly kid: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject };

  constructor(
    keys: Pick<Keys, 'issuer'>,
    private readonly clock: Clock,
  ) {
    this.signing = keys.issuer;
  }

  sign({ orgId, accountId, keyId }: MachineKey): Promise<string> {
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const subject = principalOf({ kind: 'service', orgId, id: accountId });
    return new SignJWT({ key: keyId, client_id: `${orgId}/${accountId}` })
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: this.signing.kid })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(subject)
      .setJti(randomId())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + MACHINE_TOKEN_SECONDS)
      .sign(this.signing.privateKey);
  }

  /** Whether a token says that it is one of these; nothing of it is verified. */
  isOne(token: string): boolean {
    try {
      return decodeJwt(token).iss === issuer;
    } catch {
      return false;
    }
  }

  /** The key that the token was given for; whether that is still good is not said by it. */
  async verify(token: string): Promise<MachineToken | 'expired' | 'bad_signature' | 'malformed'> {
    try {
      const { payload } = await jwtVerify(token, this.signing.publicKey, {
        algorithms: [algorithm],
        issuer,
        audience: issuer,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(this.clock.now()),
      });
      const { sub, key: keyId, exp } = claims.parse(payload);
      const machine = machineOf(sub);
      if (machine?.kind !== 'service') return 'malformed';
      const { orgId, id: accountId } = machine;
      return { key: { orgId, accountId, keyId }, expiresAtMs: exp * 1000 };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired';
      if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature';
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) return 'malformed';
      throw error;
    }
  }
}
