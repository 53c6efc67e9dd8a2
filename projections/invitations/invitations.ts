import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { jsonb, nullable, table, text, timestamptz } from '#libs/readstore/table.js';

/** The address is with the people, by its index. */
export const invitations = table(
  'invitations',
  {
    org_id: text,
    invitation_id: text,
    email_index: text,
    role: text,
    environments: jsonb,
    status: text,
    invited_at: timestamptz,
    invited_by: text,
    expires_at: timestamptz,
    accepted_by: nullable(text),
  },
  {
    key: ['org_id', 'invitation_id'],
    indexes: [{ columns: ['email_index', 'org_id', 'invitation_id'], where: "status = 'pending'" }],
  },
);

export const invitationsProjection = projection({
  name: 'invitations',
  version: 1,
  tables: [invitations],
  on: {
    org: {
      InvitationCreated: ({ streamId, data, metadata, occurredAt }, write) =>
        write.put(invitations, {
          org_id: streamId,
          invitation_id: data.invitationId,
          email_index: data.emailIndex,
          role: data.role,
          environments: data.environments,
          status: 'pending',
          invited_at: occurredAt,
          invited_by: required(metadata, 'actor'),
          expires_at: data.expiresAt,
          accepted_by: null,
        }),
      InvitationResent: ({ streamId, data: { invitationId, expiresAt } }, write) =>
        write.patch(invitations, { org_id: streamId, invitation_id: invitationId }, { expires_at: expiresAt }),
      InvitationCanceled: ({ streamId, data: { invitationId } }, write) =>
        write.patch(invitations, { org_id: streamId, invitation_id: invitationId }, { status: 'canceled' }),
      InvitationDeclined: ({ streamId, data: { invitationId } }, write) =>
        write.patch(invitations, { org_id: streamId, invitation_id: invitationId }, { status: 'declined' }),
      InvitedAddressErased: ({ streamId, data: { canceledIds } }, write) => {
        for (const invitation_id of canceledIds)
          write.patch(invitations, { org_id: streamId, invitation_id }, { status: 'canceled' });
      },
      InvitationAccepted: ({ streamId, data: { invitationId, userId } }, write) =>
        write.patch(
          invitations,
          { org_id: streamId, invitation_id: invitationId },
          { status: 'accepted', accepted_by: userId },
        ),
      OrgDeleted: ({ streamId }, write) => write.remove(invitations, { org_id: streamId }),
    },
  },
});
