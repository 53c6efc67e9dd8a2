import type { Folds } from '../folds.js';
import type { SecretKeeper } from '../ports/secret-keeper.js';
import { liveSecretsOf } from './live-secrets.js';

/** Longer than any request lives, with every try of its append: an event that has not come by then never comes. */
export const NEVER_COMES_AFTER_MS = 3_600_000;

/** Destroys secrets that were kept for an event which never came. Answers how many. */
export class SecretSweep {
  constructor(
    private readonly folds: Folds,
    private readonly secrets: Pick<SecretKeeper, 'unconfirmed' | 'destroyUnconfirmed'>,
  ) {}

  async round(olderThanMs = NEVER_COMES_AFTER_MS): Promise<number> {
    let destroyed = 0;
    for (const orgId of await this.secrets.unconfirmed(olderThanMs)) {
      const { state } = await this.folds.current('org', orgId);
      destroyed += await this.secrets.destroyUnconfirmed(orgId, liveSecretsOf(state), olderThanMs);
    }
    return destroyed;
  }
}
