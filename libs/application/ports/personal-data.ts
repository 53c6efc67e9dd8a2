import type { Origin, SealedOrigin } from '../origin.js';
import type { StoredEvent } from './event-store.js';

/** Personal fields stand in events only as ciphertext under their subject's key; this port seals and opens them. */
export abstract class PersonalData {
  /** The same events with every personal field encrypted. The id of its event binds a ciphertext to its place. */
  abstract seal<E extends Unsealed>(events: readonly E[]): Promise<readonly E[]>;
  /** The events with personal fields opened; fields whose key was destroyed become null. Others pass unchanged. */
  abstract open(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]>;
  /** A keyed digest for finding or comparing without reading. Never a plain hash, which would confirm a guess after erasure. */
  index(purpose: string, value: string): string {
    return this.indexes(purpose, value)[0];
  }
  /** The same under every key that there was, the present one first: what was digested before a rotation is found by these. */
  abstract indexes(purpose: string, value: string): Indexes;
  /** Of a request by that person. Undefined where they have no key, or not any more: none is made for it, but for a machine. */
  abstract sealOrigin(
    principal: { readonly id: string; readonly isMachine: boolean },
    correlation: string,
    origin: Origin,
  ): Promise<string | undefined>;
  /** In the same order; null where the key was destroyed. */
  abstract openOrigins(sealed: readonly SealedOrigin[]): Promise<readonly (Origin | null)[]>;
  /** For whoever destroys the subject's key: this process stops using it at once. */
  abstract forget(subject: string): void;
}

export interface Unsealed {
  readonly stream: string;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
}

/** Digests of one value, the present key's first. */
export type Indexes = readonly [string, ...string[]];

/** By which an address is found and compared without reading it. */
export const emailIndexOf = (personalData: PersonalData, address: string): string =>
  emailIndexesOf(personalData, address)[0];

/** By each of which the address may be known. */
export function emailIndexesOf(personalData: PersonalData, address: string): Indexes {
  // Only A to Z: other case mappings make different addresses equal.
  return personalData.indexes(
    'email',
    address.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
}
