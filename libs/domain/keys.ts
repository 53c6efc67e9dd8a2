import { z } from 'zod';
import { own, type IssuedKey } from './access/documents.js';
import { type Refusal, refuse } from './decision.js';
import { instant } from './text.js';

/** As the text of a key begins, after `tnt_`. */
export const keyKinds = ['svc', 'api', 'org', 'usr', 'plt'] as const;
export type KeyKind = (typeof keyKinds)[number];

/** Whose a key is: its text begins with this, so that it is found without a search. */
export interface KeyPlace {
  /** A service account, a member, the organization itself; a person of a realm, a service account of its platform. */
  readonly kind: KeyKind;
  /** The owner's ids from the outside in, and the key's own last. */
  readonly path: readonly string[];
}

/** What an event holds of a key. Stored format: add, never change. */
export const keyFields = z.strictObject({
  /** Keyed digest of the text. */
  fingerprint: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  lastFour: z.string().regex(/^[A-Za-z0-9_-]{4}$/),
});

/** The same of one that may have an end. */
export const issuedKeyFields = keyFields.extend({ notAfter: instant.optional() });

/** A key as it is kept from the instant on that it was issued at (RFC 3339). */
export const issuedKeyFrom = (
  { fingerprint, lastFour, notAfter }: z.output<typeof issuedKeyFields>,
  issuedAt: string,
): IssuedKey => ({ fingerprint, lastFour, issuedAt, ...(notAfter === undefined ? {} : { notAfter }) });

/** At once for one holder; every check of the holder's access reads them. */
const MAX_KEYS = 20;

type Keys = Readonly<Record<string, IssuedKey>>;

/** The key, where it is accepted at the instant (milliseconds). */
export function liveKey<Key extends IssuedKey>(
  keys: Readonly<Record<string, Key>>,
  id: string,
  at: number,
): Key | undefined {
  const found = own(keys, id);
  return found !== undefined && isLive(found, at) ? found : undefined;
}

const isLive = ({ notAfter }: IssuedKey, at: number): boolean => notAfter === undefined || at < Date.parse(notAfter);

/** What stands against one more key with this id; what is over leaves room. */
export function newKeyFault(keys: Keys, id: string, notAfter: string | undefined, at: number): Refusal | undefined {
  if (own(keys, id) !== undefined) return refuse('key_exists');
  if (notAfter !== undefined && Date.parse(notAfter) <= at) return refuse('grant_window_empty');
  return Object.values(keys).filter((key) => isLive(key, at)).length >= MAX_KEYS ? refuse('keys_full') : undefined;
}

/** The keys with another one; those that were over by then are forgotten. */
export function withKey<Key extends IssuedKey>(
  keys: Readonly<Record<string, Key>>,
  id: string,
  key: Key,
): Readonly<Record<string, Key>> {
  const at = Date.parse(key.issuedAt);
  return Object.fromEntries([...Object.entries(keys).filter(([, each]) => isLive(each, at)), [id, key]]);
}

/** The keys where this one ends at `until`, since another takes its place; never later than it would have ended. */
export function withRotated(keys: Keys, id: string, until: string, rotatedAt: string): Keys {
  const found = own(keys, id);
  if (found === undefined) return keys;
  const { notAfter = until } = found;
  return { ...keys, [id]: { ...found, notAfter: notAfter < until ? notAfter : until, rotatedAt } };
}
