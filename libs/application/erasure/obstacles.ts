import { realmOf } from '#libs/domain/access/documents.js';
import { holdsOver } from '#libs/domain/org/legal-holds.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { roleFault } from '#libs/domain/org/role-bounds.js';
import type { ErasureObstacles } from '#libs/domain/realm/command.js';
import type { Folds } from '../folds.js';
import { pinnedScheme } from '../pinned-scheme.js';
import type { ErasureStore } from '../ports/erasures.js';

/** Finds out what stands against erasing a person, in every organization that has known them. */
export class FindErasureObstacles {
  constructor(
    private readonly folds: Folds,
    private readonly erasures: Pick<ErasureStore, 'organizationsOf'>,
  ) {}

  /** Undefined where nothing is known of the person. Organizations that the read models do not know of yet are left out. */
  async of(userId: string, realm: string): Promise<ErasureObstacles | undefined> {
    const ids = await this.erasures.organizationsOf(userId);
    const [person, ...orgs] = await Promise.all([
      this.folds.current('user', userId),
      ...ids.map((id) => this.folds.current('org', id)),
    ]);
    if (person.state.user === undefined && orgs.length === 0) return undefined;
    const states = orgs.map(({ state }) => state).filter(({ org }) => realmOf(org) === realm);
    const owned = await Promise.all(states.map((state) => this.isLastOwner(state, userId, realm)));
    return {
      heldBy: idsOf(states.filter((state) => holdsOver(state, userId).length > 0)),
      lastOwnerOf: idsOf(states.filter((_, i) => owned[i])),
    };
  }

  private async isLastOwner(state: OrgState, userId: string, realm: string): Promise<boolean> {
    const member = state.members.get(userId);
    if (member === undefined || state.org.status !== 'active') return false;
    const scheme = await pinnedScheme(this.folds, realm, state.org.scheme);
    return roleFault(state, scheme, { loses: member }) !== undefined;
  }
}

const idsOf = (states: readonly OrgState[]) => states.map(({ org }) => org.id);
