import type { Caller } from '#libs/application/caller.js';

/** Why a token does not say who asks. All but `unavailable` are the caller's to mend. */
export type Unauthenticated =
  | 'missing'
  | 'malformed'
  | 'algorithm_not_allowed'
  | 'unsupported_type'
  | 'untrusted_issuer'
  | 'bad_signature'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'unknown_realm'
  /** Of a session: its person is no longer in its organization. */
  | 'session_ended'
  /** The person signed in by a way that the realm does not offer. */
  | 'login_method_not_offered'
  | 'unusable_subject'
  | 'unknown_key';

export type Verification =
  | { readonly ok: true; readonly caller: Caller }
  | {
      readonly ok: false;
      /** `unavailable`: the provider's keys could not be had, so nothing is known of the token. */
      readonly reason: Unauthenticated | 'unavailable';
    };

export const refused = (reason: Unauthenticated | 'unavailable'): Verification => ({ ok: false, reason });
