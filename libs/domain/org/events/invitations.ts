import { z } from 'zod';
import type { Grant } from '../../access/documents.js';
import { instant, principalId, slug } from '../../text.js';
import { personal } from '../../personal.js';
import { orgEvent } from '../event.js';
import { invitedTo, roleKey } from '../fields.js';
import { changedInvitation, changedMember, invitation, member, org, withInvitation, withRole } from '../org.js';

const named = z.strictObject({ invitationId: slug });

// Stored format: add event types and optional fields, never change them.
export const invitationEvents = {
  /** The address is a personal field under the key of its index: it can be erased without the person ever having come. */
  InvitationCreated: orgEvent(
    named.extend({
      emailIndex: z.string(),
      email: personal.nullable(),
      role: roleKey,
      environments: z.array(invitedTo),
      expiresAt: instant,
    }),
    {
      targets: ({ invitationId, environments }) => [
        invitationId,
        ...environments.map(({ environmentId }) => environmentId),
      ],
      touches: ({ invitationId }) => [invitation(invitationId)],
      evolve: (state, { invitationId: id, emailIndex, role, environments, expiresAt }) =>
        withInvitation(state, { id, emailIndex, role, environments, expiresAt, status: 'pending' }),
    },
  ),
  InvitationResent: orgEvent(named.extend({ expiresAt: instant }), {
    targets: ({ invitationId }) => [invitationId],
    touches: ({ invitationId }) => [invitation(invitationId)],
    evolve: (state, { invitationId, expiresAt }) => changedInvitation(state, invitationId, { expiresAt }),
  }),
  InvitationCanceled: orgEvent(named, {
    targets: ({ invitationId }) => [invitationId],
    touches: ({ invitationId }) => [invitation(invitationId)],
    evolve: (state, { invitationId }) => changedInvitation(state, invitationId, { status: 'canceled' }),
  }),
  InvitationDeclined: orgEvent(named, {
    targets: ({ invitationId }) => [invitationId],
    touches: ({ invitationId }) => [invitation(invitationId)],
    evolve: (state, { invitationId }) => changedInvitation(state, invitationId, { status: 'declined' }),
  }),
  /** The key of the address is destroyed. Whoever is invited by it later, is invited under another key. */
  InvitedAddressErased: orgEvent(
    z.strictObject({
      emailIndex: z.string(),
      invitationIds: z.array(slug),
      /** Those of them that still waited for an answer. */
      canceledIds: z.array(slug),
    }),
    {
      targets: ({ invitationIds }) => invitationIds,
      touches: ({ invitationIds }) => invitationIds.map(invitation),
      evolve: (state, { invitationIds, canceledIds }) =>
        invitationIds.reduce((next, id) => {
          const canceled = canceledIds.includes(id) ? ({ status: 'canceled' } as const) : {};
          return changedInvitation(next, id, { addressErased: true, ...canceled });
        }, state),
    },
  ),
  /** Makes the person a member, with grants on those of the environments that were still there. */
  InvitationAccepted: orgEvent(named.extend({ userId: principalId, role: roleKey, environments: z.array(invitedTo) }), {
    targets: ({ invitationId, userId, environments }) => [
      invitationId,
      userId,
      ...environments.map(({ environmentId }) => environmentId),
    ],
    touches: ({ invitationId, userId }) => [org, member(userId), invitation(invitationId)],
    evolve: (state, { invitationId, userId, role, environments }, { id: evidence }) => {
      const grants = Object.fromEntries(
        environments.map(({ environmentId, role }): [string, Grant] => [
          environmentId,
          { ...(role === undefined ? {} : { role }), evidence },
        ]),
      );
      const joined = withRole(state, { userId, role }, evidence);
      const accepted = changedInvitation(joined, invitationId, { status: 'accepted', acceptedBy: userId });
      return changedMember(accepted, userId, (found) => ({ ...found, grants }));
    },
  }),
};
