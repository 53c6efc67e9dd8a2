import type { VirtualKey } from '../credentials/virtual-key.js';

/** A key that was told to whoever accepts keys. */
export interface IssuedKey {
  readonly credentialId: string;
  /** The state that was told last; null before the first one was told in full. */
  readonly told: string | null;
}

/** Whoever accepts virtual keys. Every call may be repeated: what is so already stays so. */
export abstract class CredentialIssuer {
  /** What was told of an organization's keys. */
  abstract issued(orgId: string): Promise<readonly IssuedKey[]>;
  /**
   * The key is accepted for just this from now on. The key itself comes with the first call; later ones name it by its id.
   * `state` is remembered as what was told.
   */
  abstract put(key: VirtualKey, secret: string | undefined, state: string, signal: AbortSignal): Promise<void>;
  /** The key is accepted no more, and forgotten. */
  abstract withdraw(key: { readonly orgId: string; readonly credentialId: string }, signal: AbortSignal): Promise<void>;
}

/** Finds whose key it is by its hash. */
export abstract class IssuedKeys {
  abstract find(
    keyHash: string,
  ): Promise<{ readonly orgId: string; readonly environmentId: string; readonly credentialId: string } | undefined>;
}
