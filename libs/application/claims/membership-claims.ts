import { v4 as randomId } from 'uuid';
import { DEFAULT_REALM } from '#libs/domain/access/documents.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { membershipClaimIn } from '#libs/domain/user/user.js';
import type { Appender } from '../appender.js';
import type { Folds } from '../folds.js';
import { required } from '../metadata.js';
import type { Metadata } from '../ports/event-store.js';
import { CLAIM_TRIES, type ClaimVoiding, stampOfClaim } from './claim-voiding.js';

/**
 * Exactly one organization per person, across streams. An organization folds its stream, then writes its claim to the
 * person's stream, then appends the membership at the folded revision. A claim counts only if the organization's stream
 * bears it out; a contender first voids it there, which moves that stream: whoever folded before the claim conflicts, folds
 * again and claims anew. Leaving needs no clean-up.
 */
export class MembershipClaims {
  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
    private readonly voiding: ClaimVoiding,
  ) {}

  /** Whether another organization of the realm holds the person now. */
  async elsewhere(userId: string, orgId: string, realm: string): Promise<boolean> {
    const { state } = await this.folds.current('user', userId);
    const holder = membershipClaimIn(state, realm)?.orgId;
    if (holder === undefined || holder === orgId) return false;
    return holds((await this.folds.current('org', holder)).state, userId);
  }

  /**
   * Claims the person for the organization, whose fold must be older than this call and whose append must expect that
   * fold's revision. False where another organization holds the person.
   */
  async take(userId: string, orgId: string, metadata: Metadata): Promise<boolean> {
    const claimId = randomId();
    const realm = required(metadata, 'realm');
    const ofRealm = realm === DEFAULT_REALM ? {} : { realm };
    for (let attempt = 0; attempt < CLAIM_TRIES; attempt++) {
      const person = await this.folds.current('user', userId);
      const present = membershipClaimIn(person.state, realm);
      if (present !== undefined && present.orgId !== orgId) {
        const holding = (state: OrgState) => holds(state, userId);
        if (!(await this.voiding.voided(present, holding, metadata))) return false;
      }
      const event = { id: randomId(), type: 'MembershipClaimed', data: { userId, orgId, claimId, ...ofRealm } };
      const stamped = { ...event, metadata: stampOfClaim(metadata, person.occurredAt, event.id) };
      const outcome = await this.appender.append('user', userId, person, [stamped]);
      if (outcome.kind === 'appended') return true;
    }
    return false;
  }
}

/** Who was a member when an organization was deleted belongs to it no longer. */
const holds = ({ org, members }: OrgState, userId: string) => org.status === 'active' && members.has(userId);
