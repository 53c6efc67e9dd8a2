import { z } from 'zod';
import { own, type RealmDocument, type ServiceAccountDocument } from '../access/documents.js';
import type { Stamp } from '../event.js';
import { accountNamed, keyIssued, keyNamed, keyRotated, withIssued, withRotation } from '../service-keys.js';
import { text } from '../text.js';

// Stored format: add event types and optional fields, never change them.
export const platformServiceAccountEvents = {
  /** A machine of the platform with one of its roles, in every organization of the realm that the role reaches. */
  PlatformServiceAccountCreated: accountNamed.extend({ name: text(200), role: text(100) }),
  /** Takes its role and every key with it. */
  PlatformServiceAccountDeleted: accountNamed,
  PlatformServiceAccountKeyIssued: keyIssued,
  PlatformServiceAccountKeyRotated: keyRotated,
  PlatformServiceAccountKeyRevoked: keyNamed,
};

type Data<Type extends keyof typeof platformServiceAccountEvents> = z.output<
  (typeof platformServiceAccountEvents)[Type]
>;

/** What each of these events makes of the realm. */
export const accountCreated = (
  realm: RealmDocument,
  { accountId, name, role }: Data<'PlatformServiceAccountCreated'>,
  { id: evidence, occurredAt: createdAt }: Stamp,
): RealmDocument => withAccount(realm, { id: accountId, name, role, status: 'active', createdAt, keys: {}, evidence });

export const accountDeleted = (realm: RealmDocument, { accountId }: Data<'PlatformServiceAccountDeleted'>) =>
  changed(realm, accountId, (found) => ({ ...found, status: 'deleted', keys: {} }));

export const keyIssuedTo = (realm: RealmDocument, data: Data<'PlatformServiceAccountKeyIssued'>, at: Stamp) =>
  changed(realm, data.accountId, (found) => withIssued(found, data, at.occurredAt));

export const keyRotatedOf = (realm: RealmDocument, data: Data<'PlatformServiceAccountKeyRotated'>, at: Stamp) =>
  changed(realm, data.accountId, (found) => withRotation(found, data, at.occurredAt));

export const keyRevokedOf = (realm: RealmDocument, { accountId, keyId }: Data<'PlatformServiceAccountKeyRevoked'>) =>
  changed(realm, accountId, (found) => {
    const { [keyId]: _, ...keys } = found.keys;
    return { ...found, keys };
  });

const withAccount = (realm: RealmDocument, account: ServiceAccountDocument): RealmDocument => ({
  ...realm,
  services: { ...realm.services, [account.id]: account },
});

function changed(
  realm: RealmDocument,
  id: string,
  change: (found: ServiceAccountDocument) => ServiceAccountDocument,
): RealmDocument {
  const found = own(realm.services ?? {}, id);
  return found === undefined ? realm : withAccount(realm, change(found));
}
