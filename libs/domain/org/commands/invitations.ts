import { z } from 'zod';
import type { InvitationDocument, InvitedTo } from '../../access/documents.js';
import { type Decision, type Refusal, refuse } from '../../decision.js';
import type { CompiledScheme } from '../../schemes/compiled.js';
import { emailAddress, slug } from '../../text.js';
import { type DecisionContext, orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { invitedTo, roleKey } from '../fields.js';
import { isPending, memberLimitFault } from '../limits.js';
import { invitationsTo, type OrgState } from '../org.js';
import { roleFault } from '../role-bounds.js';
import { grantFault } from './environments.js';

const HOUR_MS = 3_600_000;
const one = z.strictObject({ invitationId: slug });

export const invitationCommands = {
  /** All of the addresses or none. Who has the same invitation already is passed over. */
  InviteMembers: orgCommand(
    z.strictObject({
      emails: z.array(emailAddress).min(1).max(100),
      role: roleKey,
      environments: z.array(invitedTo).max(100).default([]),
    }),
    (state, { emails, role, environments }, context) => {
      const { scheme, at, newId, emailIndex } = context;
      if (state.org.status !== 'active') return refuse('org_not_found');
      const { invitations: rules } = scheme.document;
      if (rules === null) return refuse('invitations_unknown');
      const addresses = new Map(emails.map((email) => [emailIndex(email), email]));
      if (addresses.size > rules.batchMax) return refuse('invitation_batch_too_large');
      if (rules.forbidRoles.includes(role)) return refuse('role_not_invitable');
      const fault = roleFault(state, scheme, { gains: role }) ?? placesFault(state, scheme, role, environments);
      if (fault !== undefined) return fault;
      const before = [...addresses.keys()].flatMap((index) => invitationsTo(state, index));
      for (const present of before) {
        if (!isPending(present, at)) continue;
        if (present.role !== role || !samePlaces(present.environments, environments))
          return refuse('invitation_exists');
        addresses.delete(present.emailIndex);
      }
      const full = memberLimitFault(state, scheme, at, addresses.size);
      if (full !== undefined && addresses.size > 0) return full;
      const expiresAt = expiry(rules, at);
      return [...addresses].map(([index, email], n): OrgEvent => {
        const invitationId = n === 0 ? newId : `${newId}-${n}`;
        const data = { invitationId, emailIndex: index, email, role, environments, expiresAt };
        return { type: 'InvitationCreated', data };
      });
    },
  ),

  /** Begins the invitation's time anew, also where it was over. */
  ResendInvitation: orgCommand(one, (state, { invitationId }, { scheme, at }) => {
    const found = state.invitations.get(invitationId);
    const { invitations: rules } = scheme.document;
    if (found?.status !== 'pending' || rules === null) return refuse('invitation_not_found');
    const full = isPending(found, at) ? undefined : memberLimitFault(state, scheme, at, 1);
    const expiresAt = expiry(rules, at);
    return (
      full ?? (found.expiresAt === expiresAt ? [] : [{ type: 'InvitationResent', data: { invitationId, expiresAt } }])
    );
  }),

  CancelInvitation: orgCommand(one, (state, { invitationId }) => {
    const found = state.invitations.get(invitationId);
    if (found === undefined) return refuse('invitation_not_found');
    if (found.status === 'accepted') return refuse('invitation_accepted');
    return found.status === 'pending' ? [{ type: 'InvitationCanceled', data: { invitationId } }] : [];
  }),

  AcceptInvitation: orgCommand(one, (state, { invitationId }, context) => {
    const { actor, at, scheme } = context;
    const found = invitationOf(state, invitationId, context);
    if ('refused' in found) return found;
    if (found.status === 'accepted' && found.acceptedBy === actor) return [];
    if (!isPending(found, at)) return refuse('invitation_not_found');
    if (state.org.suspension !== undefined) return refuse('org_suspended');
    if (state.members.has(actor)) return refuse('already_member');
    const { role } = found;
    const counted = scheme.document.invitations?.countPending === true;
    const full = counted ? undefined : memberLimitFault(state, scheme, at, 1);
    // What was deleted since, or gives nothing any more, is left out: the rest of the invitation stands.
    const environments = found.environments.filter((place) => placesFault(state, scheme, role, [place]) === undefined);
    const data = { invitationId, userId: actor, role, environments: [...environments] };
    return roleFault(state, scheme, { gains: role }) ?? full ?? [{ type: 'InvitationAccepted', data }];
  }),

  DeclineInvitation: orgCommand(one, (state, { invitationId }, context): Decision<OrgEvent> => {
    const found = invitationOf(state, invitationId, context);
    if ('refused' in found) return found;
    if (found.status === 'declined') return [];
    return isPending(found, context.at)
      ? [{ type: 'InvitationDeclined', data: { invitationId } }]
      : refuse('invitation_not_found');
  }),
};

/** An invitation is for whoever shows a token with its very address, verified: for nobody else is there one. */
function invitationOf(
  { invitations }: OrgState,
  id: string,
  { actorEmailIndex }: DecisionContext,
): InvitationDocument | Refusal {
  const found = invitations.get(id);
  const mine = found !== undefined && actorEmailIndex !== null && found.emailIndex === actorEmailIndex;
  return mine ? found : refuse('invitation_not_found');
}

const expiry = ({ ttlHours }: { ttlHours: number }, at: number) => new Date(at + ttlHours * HOUR_MS).toISOString();

/** Whether one of the environments is not there, or would give nothing to a holder of the role. */
function placesFault(
  { environments }: OrgState,
  scheme: CompiledScheme,
  orgRole: string,
  places: readonly InvitedTo[],
): Refusal | undefined {
  for (const { environmentId, role } of places) {
    const found = environments.get(environmentId);
    if (found?.status !== 'active') return refuse('environment_not_found');
    const fault = grantFault(scheme, found, orgRole, role);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const samePlaces = (one: readonly InvitedTo[], other: readonly InvitedTo[]): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

const sorted = (places: readonly InvitedTo[]) =>
  places
    .map(({ environmentId, role }) => [environmentId, role ?? null])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
