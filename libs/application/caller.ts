import type { Session } from '#libs/domain/access/bindings.js';

/** Who asks, as a verified token says: the only source of identity. No header but `Authorization` bears on it. */
export interface Caller {
  /** Opaque principal id within the realm. */
  readonly id: string;
  readonly realm: string;
  /** Fingerprint of the credential, for the audit trail; never the credential. */
  readonly credential: string;
  readonly token: VerifiedToken;
  /** Who acts in this person's name, where the token says so (`act`, RFC 8693 section 4.1). */
  readonly delegate?: string | undefined;
  /** The request's origin, sealed under this person's key; undefined where none is kept. */
  readonly origin?: string | undefined;
  /** Of who is known by an own key alone. */
  readonly apiKey?: ApiKey;
  /**
   * Of a service account alone, of an organization or of the platform (`@realm`): the key that it acts by, directly or through a
   * token that it was exchanged for.
   */
  readonly machine?: { readonly orgId: string; readonly accountId: string; readonly keyId: string };
  /** The organization that the session is in; null where it is in none, absent where there is no session, as of machines. */
  readonly activeOrg?: string | null | undefined;
}

/** The session that bears on what the caller may do. */
export const sessionOf = ({ id, activeOrg }: Pick<Caller, 'id' | 'activeOrg'>): Session | undefined =>
  activeOrg === undefined ? undefined : { principal: id, activeOrg };
/** A person's own key. */
export interface ApiKey {
  /** The one organization that it is for; undefined for all that its person belongs to. */
  readonly orgId: string | undefined;
  readonly keyId: string;
}

/** What a verified token says of its person. Its role-bearing part decides nothing until it is recorded as an event. */
export interface VerifiedToken {
  readonly issuer: string;
  readonly subject: string;
  /** Only a verified address; null otherwise. */
  readonly email: string | null;
  readonly name: string | null;
  readonly groups: readonly string[];
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch, after which the token is no longer accepted. */
  readonly expiresAtMs: number;
}
