import { realmOf } from '#libs/domain/access/documents.js';
import { holdsOver } from '#libs/domain/org/legal-holds.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { roleFault } from '#libs/domain/org/role-bounds.js';
import type { ErasureObstacles } from '#libs/domain/realm/commands.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { Folds } from '../folds.js';
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
    const where = (obstacle: (state: OrgState) => boolean) => states.filter(obstacle).map(({ org }) => org.id);
    return {
      heldBy: where((state) => holdsOver(state, userId).length > 0),
      lastOwnerOf: where((state) => isLastOwner(state, userId)),
    };
  }
}

function isLastOwner(state: OrgState, userId: string): boolean {
  const member = state.members.get(userId);
  if (member === undefined || state.org.status !== 'active') return false;
  return roleFault(state, schemeOf(state.org.scheme), { loses: member }) !== undefined;
}
