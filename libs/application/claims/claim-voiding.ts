import { v4 as randomId } from 'uuid';
import type { OrgState } from '#libs/domain/org/org.js';
import type { Appender } from '../appender.js';
import type { Folds } from '../folds.js';
import { meta } from '../metadata.js';
import type { Metadata } from '../ports/event-store.js';

export const CLAIM_TRIES = 20;

/** Takes a claim from an organization that does not bear it out: its stream moves, so whatever rested on the claim conflicts. */
export class ClaimVoiding {
  constructor(
    private readonly folds: Folds,
    private readonly appender: Appender,
  ) {}

  /** True once the claim can no longer be borne out; false where the organization holds what was claimed. */
  async voided(
    { orgId, claimId }: { readonly orgId: string; readonly claimId: string },
    holds: (state: OrgState) => boolean,
    metadata: Metadata,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < CLAIM_TRIES; attempt++) {
      const org = await this.folds.current('org', orgId);
      if (holds(org.state)) return false;
      if (org.state.org.voidedClaims.includes(claimId)) return true;
      const event = { id: randomId(), type: 'MembershipClaimVoided', data: { claimId } };
      const { [meta.actor]: _, [meta.credential]: __, ...anonymous } = metadata;
      const stamped = {
        ...event,
        metadata: { ...stampOfClaim(anonymous, org.occurredAt, event.id), [meta.org]: orgId, [meta.actor]: 'system' },
      };
      const outcome = await this.appender.append('org', orgId, org, [stamped]);
      if (outcome.kind === 'appended') return true;
    }
    return false;
  }
}

/** The claim's events are steps of a command, not the command: they carry an id of their own. */
export function stampOfClaim(metadata: Metadata, after: string, id: string): Metadata {
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
