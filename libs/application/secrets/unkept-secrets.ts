import { z } from 'zod';
import type { SecretReference } from '#libs/domain/org/fields.js';
import { secretReference } from '#libs/domain/org/fields.js';
import type { EventToAppend } from '../ports/event-store.js';
import type { SecretKeeper } from '../ports/secret-keeper.js';
import { parseStream } from '../streams.js';
import type { Credential } from './credential.js';

const referring = z.object({ credential: secretReference });

/**
 * Secrets between a request and the append of its event: kept at the last moment, so that nothing is kept for who may not,
 * and before the event, so that no event refers to what was lost. They are found by the reference object itself, which
 * deciders hand on as it is; with the request it is gone.
 */
export class UnkeptSecrets {
  private readonly credentials = new WeakMap<object, Credential>();

  constructor(private readonly keeper: Pick<SecretKeeper, 'keep' | 'open'>) {}

  add(reference: SecretReference, credential: Credential): void {
    this.credentials.set(reference, credential);
  }

  /** Throws for an event that refers to a secret which came with no request: it must not be appended. */
  readonly keep = async (stream: string, onto: bigint, events: readonly EventToAppend[]): Promise<void> => {
    const { id: orgId } = parseStream(stream);
    for (const { type, data } of events) {
      if (!referring.safeParse(data).success) continue;
      const { credential: reference } = data as { readonly credential: SecretReference };
      const credential = this.credentials.get(reference);
      if (credential === undefined) throw new Error(`${stream}: ${type} refers to a secret that nobody has brought`);
      const place = { orgId, secretId: reference.secretId };
      await this.keeper.keep(place, credential.reveal(), onto);
      if (credential.generated) credential.keptAs(await this.keeper.open(place));
    }
  };
}
