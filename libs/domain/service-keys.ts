import { z } from 'zod';
import type { ServiceAccountDocument } from './access/documents.js';
import { type DecisionContext } from './command.js';
import { type Refusal, refuse } from './decision.js';
import { issuedKeyFields, issuedKeyFrom, type KeyPlace, liveKey, newKeyFault, withKey, withRotated } from './keys.js';
import { instant, slug } from './text.js';

/** Keys of service accounts, those of organizations and those of the platform alike. */
export const accountNamed = z.strictObject({ accountId: slug });
export const keyNamed = accountNamed.extend({ keyId: slug });
export const keyIssue = accountNamed.extend({ keyId: slug.optional(), notAfter: instant.optional() });
/** `until`: the former key is accepted until then; absent, it is over at once. */
export const keyRotation = keyNamed.extend({
  newKeyId: slug.optional(),
  until: instant.optional(),
  notAfter: instant.optional(),
});

// Stored format: add optional fields, never change them.
export const keyIssued = keyNamed.extend(issuedKeyFields.shape);
export const keyRotated = keyIssued.extend({ from: slug, fromUntil: instant });

type Context = Pick<DecisionContext, 'newId' | 'newKey' | 'at'>;
type PlaceOf = (keyId: string) => KeyPlace;

const until = (notAfter: string | undefined) => (notAfter === undefined ? {} : { notAfter });

/** What the event holds of a key that is issued to the account. */
export function issued(
  { keys }: ServiceAccountDocument,
  { accountId, keyId, notAfter }: z.output<typeof keyIssue>,
  placeOf: PlaceOf,
  { newId, newKey, at }: Context,
): z.output<typeof keyIssued> | Refusal {
  const id = keyId ?? newId;
  const fault = newKeyFault(keys, id, notAfter, at);
  return fault ?? { accountId, keyId: id, ...newKey(placeOf(id)), ...until(notAfter) };
}

/** What the event holds of a key that takes the place of another one. */
export function rotated(
  { keys }: ServiceAccountDocument,
  { accountId, keyId: from, newKeyId, until: overlap, notAfter }: z.output<typeof keyRotation>,
  placeOf: PlaceOf,
  { newId, newKey, at }: Context,
): z.output<typeof keyRotated> | Refusal {
  const former = liveKey(keys, from, at);
  if (former === undefined) return refuse('key_not_found');
  if (former.rotatedAt !== undefined) return refuse('key_rotated');
  const keyId = newKeyId ?? newId;
  const fault = newKeyFault(keys, keyId, notAfter, at);
  if (fault !== undefined) return fault;
  const now = new Date(at).toISOString();
  const fromUntil = overlap === undefined || overlap < now ? now : overlap;
  return { accountId, from, fromUntil, keyId, ...newKey(placeOf(keyId)), ...until(notAfter) };
}

/** The account with the key that was issued. */
export const withIssued = (
  found: ServiceAccountDocument,
  data: z.output<typeof keyIssued>,
  at: string,
): ServiceAccountDocument => ({ ...found, keys: withKey(found.keys, data.keyId, issuedKeyFrom(data, at)) });

/** The account with the one key in the place of the other. */
export const withRotation = (
  found: ServiceAccountDocument,
  data: z.output<typeof keyRotated>,
  at: string,
): ServiceAccountDocument =>
  withIssued({ ...found, keys: withRotated(found.keys, data.from, data.fromUntil, at) }, data, at);
