import type { RealmSettings } from '#libs/domain/realm/state.js';
import type { Model } from '#libs/domain/access/documents.js';
import type { Resource } from '#libs/domain/access/bindings.js';
import type { Caller } from '../caller.js';
import type { Reading } from '../reading.js';
import type { DocumentSource } from '../ports/current-documents.js';
import type { Position } from '../ports/event-store.js';
import { streamOf } from '../streams.js';
import type { Parked, Stale } from '../view.js';
import { sorted } from './virtual-key.js';

export type IntrospectedPersonal =
  | { readonly kind: 'inactive' }
  | Stale
  | Parked
  | {
      readonly kind: 'personal';
      readonly ownerId: string;
      /** Milliseconds since the epoch. */
      readonly expiresAtMs: number;
      readonly models: readonly ({ readonly id: string } & Model)[];
    };

/** What a person's own token is good for in their personal environment: the platform's models, and no others (T41). */
export class PersonalIntrospection {
  constructor(
    private readonly documents: DocumentSource,
    private readonly reading: Pick<Reading, 'access'>,
  ) {}

  /** `owner` is whom the token says. Whoever may not ask about others is told so of an unknown token. */
  async introspect(caller: Caller, owner: Caller, after: Position | undefined): Promise<IntrospectedPersonal> {
    const inactive = { kind: 'inactive' } as const;
    if (owner.machine !== undefined || owner.apiKey !== undefined || owner.realm !== caller.realm) return inactive;
    const own: Resource = { kind: 'personal_environment', ownerId: owner.id };
    const asked = await this.reading.access(owner, 'environment:use', own, after);
    const mayAsk =
      owner.id === caller.id ? asked : await this.reading.access(caller, 'decision:evaluate', { kind: 'realm' }, after);
    for (const { kind } of [asked, mayAsk]) {
      if (kind === 'stale' || kind === 'parked') return { kind };
      if (kind !== 'allowed') return inactive;
    }
    const settings = { stream: streamOf('realm', caller.realm), kind: 'settings', id: '' } as const;
    const loaded = await this.documents.load([settings], after);
    if (loaded === undefined) return { kind: 'stale' };
    // Written by the projection of access documents, from the domain's type.
    const { models = {} } = (loaded.documents[0] as RealmSettings | undefined) ?? {};
    return {
      kind: 'personal',
      ownerId: owner.id,
      expiresAtMs: owner.token.expiresAtMs,
      models: sorted(models),
    };
  }
}
