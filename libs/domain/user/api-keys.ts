import { z } from 'zod';
import type { PersonalKey, UserDocument } from '../access/documents.js';
import { issuedKeyFields, issuedKeyFrom, liveKey, withKey } from '../keys.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { principalId, slug } from '../text.js';

const of = z.strictObject({ keyId: slug, userId: principalId });

// Stored format: add event types and optional fields, never change them.
export const personalKeyEvents = {
  /** A person's own key to every organization of the realm that they belong to. */
  PersonalApiKeyCreated: of.extend({ realm: slug, ...issuedKeyFields.shape }),
  PersonalApiKeyRevoked: of,
};
type Created = z.output<typeof personalKeyEvents.PersonalApiKeyCreated>;

/** The person with the key; those that were over by then are forgotten. */
export const withPersonalKey = (
  user: UserDocument,
  { keyId, realm, ...issued }: Created,
  issuedAt: string,
): UserDocument => ({
  ...user,
  apiKeys: withKey(user.apiKeys ?? {}, keyId, { ...issuedKeyFrom(issued, issuedAt), realm }),
});

export function withoutPersonalKey(user: UserDocument, keyId: string): UserDocument {
  const { [keyId]: _, ...apiKeys } = user.apiKeys ?? {};
  return { ...user, apiKeys };
}

/** The key, where it is one of the person's in the realm and accepted at the instant (milliseconds). */
export function livePersonalKey(
  user: UserDocument | undefined,
  realm: string,
  keyId: string,
  at: number,
): PersonalKey | undefined {
  const found = liveKey(user?.apiKeys ?? {}, keyId, at);
  return found?.realm === realm ? found : undefined;
}

/** Whether the scheme lets people have keys: what everybody holds toward themselves includes managing them. */
export function allowsPersonalKeys({ everyone, holders }: CompiledScheme): boolean {
  const managing = holders.get('own-api-key:manage');
  return everyone.self.some((role) => managing?.has(role) === true);
}
