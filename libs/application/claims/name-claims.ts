import { v4 as randomId } from 'uuid';
import { realmOf } from '#libs/domain/access/documents.js';
import { nameKey } from '#libs/domain/org/names.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { nameClaim, type NameClaim } from '#libs/domain/reservation.js';
import type { Folds } from '../folds.js';
import { meta, required } from '../metadata.js';
import type { EventStore, Metadata } from '../ports/event-store.js';
import type { PersonalData } from '../ports/personal-data.js';
import { streamOf } from '../streams.js';
import { CLAIM_TRIES, type ClaimVoiding, stampOfClaim } from './claim-voiding.js';

/**
 * One organization of a realm per name, across streams: by the protocol of memberships, with a stream for each name that
 * was ever claimed. Its last event is the claim that counts, if the organization bears the name. Another name, or the
 * organization's end, needs no clean-up.
 */
export class NameClaims {
  constructor(
    private readonly store: EventStore,
    private readonly folds: Folds,
    private readonly voiding: ClaimVoiding,
    private readonly personalData: PersonalData,
  ) {}

  /** Whether another organization of the realm has the name now. */
  async elsewhere(name: string, orgId: string, realm: string): Promise<boolean> {
    const { claim } = await this.lastOf(this.streamOf(realm, name));
    if (claim === undefined || claim.orgId === orgId) return false;
    return bears((await this.folds.current('org', claim.orgId)).state, realm, name);
  }

  /** As of memberships: the organization's fold must be older than this call. False where another one has the name. */
  async take(name: string, orgId: string, metadata: Metadata): Promise<boolean> {
    const realm = required(metadata, 'realm');
    const stream = this.streamOf(realm, name);
    for (let attempt = 0; attempt < CLAIM_TRIES; attempt++) {
      const { claim, revision, occurredAt } = await this.lastOf(stream);
      const bearing = (state: OrgState) => bears(state, realm, name);
      if (claim !== undefined && claim.orgId !== orgId && !(await this.voiding.voided(claim, bearing, metadata)))
        return false;
      const data: NameClaim = { orgId, claimId: randomId() };
      const id = randomId();
      const event = { id, type: 'NameClaimed', data, metadata: stampOfClaim(metadata, occurredAt, id) };
      if ((await this.store.append(stream, revision, [event])).appended) return true;
    }
    return false;
  }

  /** The oldest of the keyed digests: a rotation of the index key must not leave two streams for one name. */
  private streamOf(realm: string, name: string): string {
    const digests = this.personalData.indexes('org-name', JSON.stringify([realm, nameKey(name)]));
    return streamOf('reservation', digests.at(-1) ?? '');
  }

  private async lastOf(stream: string) {
    const last = await this.store.last(stream);
    if (last === undefined) return { claim: undefined, revision: -1n, occurredAt: '' };
    const { revision, data, metadata } = last;
    return { claim: nameClaim.parse(data), revision, occurredAt: metadata[meta.occurredAt] ?? '' };
  }
}

const bears = ({ org }: OrgState, realm: string, name: string) =>
  org.status === 'active' && realmOf(org) === realm && nameKey(org.name) === nameKey(name);
