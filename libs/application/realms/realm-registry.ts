import { own } from '#libs/domain/access/documents.js';
import type { RealmState } from '#libs/domain/realm/events.js';
import type { Folds } from '../folds.js';
import { EventStoreUnavailable } from '../ports/event-store.js';
import type { Recorder } from '../recorder.js';

/** Thrown inside of a claim: nothing is appended. */
class Elsewhere extends Error {}

/**
 * What the realms of a deployment may not have twice, in the stream of one of them, its home: which realm an identity
 * provider vouches for. A claim is for good, as people's ids derive from their provider: with another realm's people it
 * would bring their ids along.
 */
export class RealmRegistry {
  constructor(
    private readonly folds: Folds,
    private readonly recorder: Recorder,
    /** The first realm of the configuration. */
    readonly home: string,
  ) {}

  /** Whether one of the providers is another realm's, by all that the log holds. */
  async isElsewhere(realmId: string, issuers: readonly string[]): Promise<boolean> {
    const { state } = await this.folds.current('realm', this.home);
    return issuers.some((issuer) => isOfAnother(state, realmId, issuer));
  }

  /** Claims the providers for the realm. False, and nothing is claimed, where one of them is another's. */
  async claim(realmId: string, issuers: readonly string[]): Promise<boolean> {
    const by = { actor: 'system', realm: this.home, command: 'ClaimIssuers' };
    try {
      await this.recorder.record('realm', this.home, by, ({ state }) => {
        if (state.realm === undefined) throw new EventStoreUnavailable(`the realm ${this.home} does not exist yet`);
        if (issuers.some((issuer) => isOfAnother(state, realmId, issuer))) throw new Elsewhere();
        const missing = issuers.filter((issuer) => ownerIn(state, issuer) === undefined);
        return missing.map((issuer) => ({ type: 'IssuerClaimed', data: { issuer, realmId } }));
      });
      return true;
    } catch (error) {
      if (error instanceof Elsewhere) return false;
      throw error;
    }
  }
}

const ownerIn = ({ settings }: RealmState, issuer: string) => own(settings?.hosted?.issuers ?? {}, issuer);

function isOfAnother(state: RealmState, realmId: string, issuer: string): boolean {
  const owner = ownerIn(state, issuer);
  return owner !== undefined && owner !== realmId;
}
