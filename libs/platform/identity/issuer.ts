import type { CryptoKey, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { KeyObject } from 'node:crypto';
import type { Caller } from '#libs/application/caller.js';

/** Whose tokens are accepted. */
export interface Issuer {
  /** The `iss` of its tokens, to the letter. */
  readonly name: string;
  /** The `aud` that its tokens must bear: one of these. */
  readonly audience: string | string[];
  /** The realms whose people it vouches for; where its tokens cannot say which, the first. Absent: `default` alone. */
  readonly realms?: readonly string[];
  /** Its subjects are opaque ids already and serve as principal ids as they are. */
  readonly givesOpaqueIds: boolean;
  /** The key for a token's header. Throws KeysUnreachable when there is no saying, jose's errors when there is none. */
  keyFor(...header: Parameters<JWTVerifyGetKey>): Promise<CryptoKey | KeyObject>;
  /** Its tokens' claims under the names that OpenID Connect gives them; absent where they have these. */
  readonly standardClaims?: (claims: JWTPayload) => JWTPayload;
  /** Whether the person signed in by a way that the realm offers, as far as its tokens tell; absent where any will do. */
  readonly admits?: (claims: JWTPayload) => boolean;
  /** Of tokens of the deployment's own, which name the principal itself; undefined for claims that it has not signed so. */
  readonly callerOf?: (claims: JWTPayload) => Omit<Caller, 'credential'> | undefined;
}

/** The provider did not give its keys: it may be down, and the token may well be good. */
export class KeysUnreachable extends Error {
  override readonly name = 'KeysUnreachable';
}
