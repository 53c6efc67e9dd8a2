import { own } from '#libs/domain/access/documents.js';
import { beginningOf } from '#libs/domain/realm/create-realm.js';
import type { RealmState, RegisteredRealm } from '#libs/domain/realm/state.js';
import type { Folds } from '../folds.js';
import { EventStoreUnavailable } from '../ports/event-store.js';
import type { Recorder } from '../recorder.js';

/** Thrown inside of a claim: nothing is appended. */
class Elsewhere extends Error {}

/**
 * What bears on all realms of a deployment, in the stream of one of them, its home: which there are beside those of the
 * configuration, and which realm an identity provider vouches for. A claim is for good, as people's ids derive from their provider: with another realm's people it
 * would bring their ids along.
 */
export class RealmRegistry {
  constructor(
    private readonly folds: Folds,
    private readonly recorder: Recorder,
    /** The first realm of the configuration. */
    readonly home: string,
  ) {}

  /** Whether the id is that of a realm that was not created by command. */
  async isConfigured(realmId: string): Promise<boolean> {
    const [home, realm] = await Promise.all([
      this.folds.current('realm', this.home),
      this.folds.current('realm', realmId),
    ]);
    return realm.state.realm !== undefined && own(registeredIn(home.state), realmId) === undefined;
  }

  /**
   * Begins the realm's own stream, unless it has begun. Whoever finds a registered realm does it, in whichever process: the
   * stream takes a first event once.
   */
  async begin(realmId: string, registered: RegisteredRealm): Promise<void> {
    const by = { actor: 'system', realm: realmId, command: 'CreateRealm' };
    await this.recorder.record('realm', realmId, by, ({ state }) =>
      state.realm === undefined ? beginningOf(realmId, registered) : [],
    );
  }

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

/** Realms that were created by command, in the home realm's state. */
export const registeredIn = ({ settings }: RealmState): Readonly<Record<string, RegisteredRealm>> =>
  settings?.hosted?.realms ?? {};

const ownerIn = ({ settings }: RealmState, issuer: string) => own(settings?.hosted?.issuers ?? {}, issuer);

function isOfAnother(state: RealmState, realmId: string, issuer: string): boolean {
  const owner = ownerIn(state, issuer);
  return owner !== undefined && owner !== realmId;
}
