import { v4 as randomId } from 'uuid';
import { DEFAULT_REALM } from '#libs/domain/access/documents.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { membershipClaimIn } from '#libs/domain/user/user.js';
import type { Appender } from './appender.js';
import type { Folds } from './folds.js';
import { meta, required } from './metadata.js';
import type { Metadata } from './ports/event-store.js';

const TRIES = 20;

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
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const person = await this.folds.current('user', userId);
      const present = membershipClaimIn(person.state, realm);
      if (present !== undefined && present.orgId !== orgId) {
        if (!(await this.voided(present.orgId, present.claimId, userId, metadata))) return false;
      }
      const event = { id: randomId(), type: 'MembershipClaimed', data: { userId, orgId, claimId, ...ofRealm } };
      const stamped = { ...event, metadata: stamp(metadata, person.occurredAt, event.id) };
      const outcome = await this.appender.append('user', userId, person, [stamped]);
      if (outcome.kind === 'appended') return true;
    }
    return false;
  }

  /** True once the claim can no longer be borne out; false where the organization holds the person. */
  private async voided(orgId: string, claimId: string, userId: string, metadata: Metadata): Promise<boolean> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const org = await this.folds.current('org', orgId);
      if (holds(org.state, userId)) return false;
      if (org.state.org.voidedClaims.includes(claimId)) return true;
      const event = { id: randomId(), type: 'MembershipClaimVoided', data: { claimId } };
      const { [meta.actor]: _, [meta.credential]: __, ...anonymous } = metadata;
      const stamped = {
        ...event,
        metadata: { ...stamp(anonymous, org.occurredAt, event.id), [meta.org]: orgId, [meta.actor]: 'system' },
      };
      const outcome = await this.appender.append('org', orgId, org, [stamped]);
      if (outcome.kind === 'appended') return true;
    }
    return false;
  }
}

/** Who was a member when an organization was deleted belongs to it no longer. */
const holds = ({ org, members }: OrgState, userId: string) => org.status === 'active' && members.has(userId);

/** The claim's events are steps of a command, not the command: they carry an id of their own. */
function stamp(metadata: Metadata, after: string, id: string): Metadata {
  const now = metadata[meta.occurredAt] ?? after;
  return {
    ...metadata,
    [meta.occurredAt]: now > after ? now : after,
    [meta.commandId]: id,
    [meta.payloadDigest]: '',
    [meta.keyed]: 'false',
    [meta.part]: '1/1',
  };
}
