import type { Folds } from '../folds.js';
import type { StoredEvent } from '../ports/event-store.js';
import type { SecretKeeper } from '../ports/secret-keeper.js';
import { liveSecretsOf } from '../secrets/live-secrets.js';
import { parseStream } from '../streams.js';
import { type Concern, type Due, type Reacted, Reaction } from './reaction.js';

const begins: ReadonlySet<string> = new Set(['ProviderKeyAdded', 'EnvironmentCredentialIssued']);
const touches: ReadonlySet<string> = new Set([
  'ProviderKeyRotated',
  'ProviderKeyRemoved',
  'EnvironmentCredentialRotated',
  'EnvironmentCredentialRevoked',
  'EnvironmentDeleted',
  'OrgDeleted',
]);

/** Destroys secrets that their organization no longer refers to: after a rotation, a removal, or its own end. */
export class SecretDestruction extends Reaction {
  override readonly name = 'secret-destruction';

  constructor(
    private readonly folds: Folds,
    private readonly secrets: Pick<SecretKeeper, 'destroyExcept'>,
  ) {
    super();
  }

  override concernOf({ stream, type }: StoredEvent): Concern | undefined {
    const { category, id } = parseStream(stream);
    if (category !== 'org') return undefined;
    if (begins.has(type)) return { key: id, does: 'begins' };
    return touches.has(type) ? { key: id, does: 'touches' } : undefined;
  }

  override async react({ key }: Due): Promise<Reacted> {
    const { state, revision } = await this.folds.current('org', key);
    const destroyed = await this.secrets.destroyExcept(key, liveSecretsOf(state), revision);
    return { outcome: `${destroyed}`, restMs: 0 };
  }
}
