import type { SecretPlace } from '#libs/application/ports/secret-keeper.js';
import type { SealedField } from './sealed-field.js';
import type { SubjectKeyStore, SubjectKey } from './subject-keys.js';

/** A secret as it is stored: sealed under its own data key, which stands beside it under the master key. */
export interface StoredSecret extends SecretPlace, SubjectKey {
  readonly sealed: SealedField;
}

/** Where sealed secrets are kept. Its data keys are wrapped anew with those of subjects. */
export abstract class SecretStore implements Pick<SubjectKeyStore, 'page' | 'rewrap'> {
  /** Durable once answered. One that is there stays as it is, but for the revision. */
  abstract insert(secret: StoredSecret, onto: bigint): Promise<void>;
  abstract get(place: SecretPlace): Promise<StoredSecret | undefined>;
  abstract remove(place: SecretPlace): Promise<void>;
  /** Removes what is not among those ids and was not kept for an append at `revision` or later; confirms the others. */
  abstract removeExcept(orgId: string, live: readonly string[], revision: bigint): Promise<number>;
  abstract unconfirmed(olderThanMs: number): Promise<readonly string[]>;
  abstract removeUnconfirmed(orgId: string, live: readonly string[], olderThanMs: number): Promise<number>;
  abstract page(after: string, limit: number): Promise<ReadonlyMap<string, SubjectKey>>;
  abstract rewrap(secretId: string, from: SubjectKey, wrapped: Uint8Array): Promise<void>;
}
