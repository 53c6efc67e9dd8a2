import { principalOf } from '#libs/domain/access/machines.js';
import { liveKey } from '#libs/domain/keys.js';
import { settingsOf } from '#libs/domain/org/org.js';
import type { StoredEvent } from '../../ports/event-store.js';
import { causeOf, type EventCause } from '../cause.js';
import type { World } from '../span.js';

type KeyKind = 'service_account_key' | 'org_api_key' | 'api_key' | 'provider_key';

/** How a key came to be: `rotated` where it took the place of another one, or was renewed. */
export interface KeyRecord {
  readonly given: EventCause;
  readonly rotated: EventCause | undefined;
}

/** A key as a review tells it. */
export interface ReviewedKey extends KeyRecord {
  readonly kind: KeyKind;
  readonly id: string;
  /** Who acts by it; of a key of an AI provider, that provider. */
  readonly owner: string;
  readonly lastFour: string;
  readonly notAfter: string | undefined;
}

const nameOf = (kind: KeyKind, owner: string, id: string): string => `${kind} ${owner} ${id}`;

/** Takes down what the event did to a key. */
export function recordKey(keys: Map<string, KeyRecord>, event: StoredEvent): void {
  // Stored data was parsed by its type's schema when it was appended.
  const { accountId = '', userId = '', keyId = '' } = event.data as Readonly<Record<string, string>>;
  const given = { given: causeOf(event), rotated: undefined };
  switch (event.type) {
    case 'ServiceAccountKeyIssued':
      keys.set(nameOf('service_account_key', accountId, keyId), given);
      break;
    case 'ServiceAccountKeyRotated':
      keys.set(nameOf('service_account_key', accountId, keyId), { ...given, rotated: given.given });
      break;
    case 'OrgApiKeyCreated':
      keys.set(nameOf('org_api_key', keyId, keyId), given);
      break;
    case 'ApiKeyCreated':
      keys.set(nameOf('api_key', userId, keyId), given);
      break;
    case 'ProviderKeyAdded':
      keys.set(nameOf('provider_key', '', keyId), given);
      break;
    case 'ProviderKeyRotated': {
      const name = nameOf('provider_key', '', keyId);
      keys.set(name, { ...(keys.get(name) ?? given), rotated: given.given });
    }
  }
}

/** The keys that were accepted in the world: of its service accounts, its own, of its members, of its providers. */
export function keysIn({ at, org }: World, records: ReadonlyMap<string, KeyRecord>): readonly ReviewedKey[] {
  const found: ReviewedKey[] = [];
  const add = (kind: KeyKind, recorded: string, key: Omit<ReviewedKey, 'kind' | keyof KeyRecord>) => {
    const record = records.get(nameOf(kind, recorded, key.id));
    if (record !== undefined) found.push({ kind, ...record, ...key });
  };
  for (const [accountId, { keys, isApiKey }] of org.services.entries()) {
    const kind = isApiKey ? 'org_api_key' : 'service_account_key';
    const owner = principalOf({ kind: 'service', orgId: org.org.id, id: accountId });
    for (const [id, { lastFour, notAfter }] of Object.entries(keys))
      if (liveKey(keys, id, at) !== undefined) add(kind, accountId, { id, owner, lastFour, notAfter });
  }
  for (const [owner, { apiKeys = {} }] of org.members.entries())
    for (const [id, { lastFour, notAfter }] of Object.entries(apiKeys))
      if (liveKey(apiKeys, id, at) !== undefined) add('api_key', owner, { id, owner, lastFour, notAfter });
  for (const [id, { provider, credential }] of Object.entries(settingsOf(org).providerKeys ?? {})) {
    // Some credentials have several fields.
    const lastFour = Object.values(credential.lastFour).join(' ');
    add('provider_key', '', { id, owner: provider, lastFour, notAfter: undefined });
  }
  return found.sort((a, b) => (nameOf(a.kind, a.owner, a.id) < nameOf(b.kind, b.owner, b.id) ? -1 : 1));
}
