import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { SecretKeeper, type SecretPlace } from '#libs/application/ports/secret-keeper.js';
import type { KeyWrapping } from './key-wrapping.js';
import { openField, type SealedField, sealField } from './sealed-field.js';
import type { SecretStore } from './secrets.js';

/** A stored secret does not open: it was changed, moved, or the master key is another one. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

const secretFields = z.record(z.string(), z.string());

/** Secrets, each under a data key of its own that stands beside it, wrapped by the master key. */
export class SecretVault extends SecretKeeper {
  constructor(
    private readonly store: SecretStore,
    private readonly wrapping: KeyWrapping,
  ) {
    super();
  }

  override async keep(place: SecretPlace, fields: Readonly<Record<string, string>>, onto: bigint): Promise<void> {
    const kid = randomUUID();
    const bytes = randomBytes(32);
    const sealed = sealField({ kid, key: createSecretKey(bytes) }, boundTo(place), fields);
    const wrapped = await this.wrapping.wrap(place.secretId, kid, bytes);
    await this.store.insert({ ...place, kid, wrapped, sealed }, onto);
  }

  override async open(place: SecretPlace): Promise<Readonly<Record<string, string>> | undefined> {
    const stored = await this.store.get(place);
    if (stored === undefined) return undefined;
    const bytes = await this.wrapping.unwrap(place.secretId, stored);
    if (bytes === undefined) throw unreadable(place);
    return opened(createSecretKey(bytes), place, stored.sealed);
  }

  override destroy(place: SecretPlace): Promise<void> {
    return this.store.remove(place);
  }

  override destroyExcept(orgId: string, live: ReadonlySet<string>, revision: bigint): Promise<number> {
    return this.store.removeExcept(orgId, [...live], revision);
  }

  override unconfirmed(olderThanMs: number): Promise<readonly string[]> {
    return this.store.unconfirmed(olderThanMs);
  }

  override destroyUnconfirmed(orgId: string, live: ReadonlySet<string>, olderThanMs: number): Promise<number> {
    return this.store.removeUnconfirmed(orgId, [...live], olderThanMs);
  }
}

const boundTo = ({ orgId, secretId }: SecretPlace) => ({
  stream: `org-${orgId}`,
  eventId: secretId,
  at: ['secret'],
});

function opened(
  key: ReturnType<typeof createSecretKey>,
  place: SecretPlace,
  sealed: SealedField,
): Readonly<Record<string, string>> {
  try {
    return secretFields.parse(openField(key, boundTo(place), sealed));
  } catch (error) {
    throw unreadable(place, error);
  }
}

const unreadable = ({ orgId, secretId }: SecretPlace, cause?: unknown) =>
  new SecretUnreadable(`secret ${secretId} of ${orgId} does not open: it was changed, or belongs elsewhere`, { cause });
