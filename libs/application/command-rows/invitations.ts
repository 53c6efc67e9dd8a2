import { overrideTakes } from '#libs/domain/schemes/escalations.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { type CommandTable, type Need, onEnvironment, onOrg } from './row.js';

export const invitationRows = {
  InviteMembers: {
    target: 'org',
    summary: 'Invite people by their addresses, all of them or none',
    example: { emails: ['bob@acme.test'], role: 'org.developer', environments: [{ environmentId: 'production' }] },
    needs: ({ input, orgId, scheme, state }) => [
      onOrg(orgId, 'member:invite'),
      ...invitingTo(scheme, input.role).map((permission) => onOrg(orgId, permission)),
      ...(input.environments ?? []).flatMap(({ environmentId, role }) => {
        const place = { input: { environmentId }, orgId, state };
        const granting = onEnvironment(place, 'environment:grant');
        return role === undefined ? [granting] : [granting, onEnvironment(place, overrideTakes(scheme.document))];
      }),
    ],
  },
  ResendInvitation: {
    target: 'org',
    summary: 'Send an invitation again: its time begins anew',
    example: { invitationId: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    needs: ({ orgId }) => [onOrg(orgId, 'invitation:resend')],
  },
  CancelInvitation: {
    target: 'org',
    summary: 'Cancel an invitation that nobody has accepted',
    example: { invitationId: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    needs: ({ orgId }) => [onOrg(orgId, 'invitation:cancel')],
  },
  AcceptInvitation: {
    target: 'org',
    summary: 'Join by an invitation to an address that the token shows as verified',
    example: { invitationId: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    needs: ({ actor }) => [answering(actor)],
    joins: (_, actor) => actor,
    hides: ['invitation_not_found'],
  },
  DeclineInvitation: {
    target: 'org',
    summary: 'Decline an invitation to an address that the token shows as verified',
    example: { invitationId: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    needs: ({ actor }) => [answering(actor)],
    hides: ['invitation_not_found'],
  },
} as const satisfies Partial<CommandTable>;

/** Whoever was invited may answer, with no role in the organization yet. */
const answering = (ownerId: string): Need => ({
  permission: 'own-invitation:answer',
  resource: { kind: 'account', ownerId },
});

/** What inviting to a role takes beside the right to invite: that of giving it, where not everyone who invites has it. */
function invitingTo({ roles, document }: CompiledScheme, role: string): readonly Permission[] {
  const assigned = roles.get(role)?.assignedWith;
  // A role that the scheme lacks, or that nobody is invited to, is refused, not denied.
  if (assigned === undefined || document.invitations?.forbidRoles.includes(role) !== false) return [];
  return [assigned];
}
