import { z } from 'zod';
import { principalId } from '../../text.js';
import { orgEvent } from '../event.js';
import { roleKey } from '../fields.js';
import { member, org, withMember, withOrg, withRole } from '../org.js';

const person = z.strictObject({ userId: principalId });
const membership = z.strictObject({ userId: principalId, role: roleKey });

// Stored format: add event types and optional fields, never change them.
export const memberEvents = {
  MemberAdded: orgEvent(membership, {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, data, { id }) => withRole(state, data, id),
  }),
  MemberRoleChanged: orgEvent(membership.extend({ from: roleKey }), {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, data, { id }) => withRole(state, data, id),
  }),
  /** Takes the member's role, every grant given to this person and every place in a group with it. */
  MemberRemoved: orgEvent(membership, {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, { userId }) => withMember(state, userId, undefined),
  }),
  /** What the member holds in the organization holds nothing until the member is resumed. */
  MemberSuspended: orgEvent(person, {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, { userId }, { id }) => {
      const found = state.members.get(userId);
      return found === undefined ? state : withMember(state, userId, { ...found, suspension: { evidence: id } });
    },
  }),
  MemberResumed: orgEvent(person, {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, { userId }) => {
      const found = state.members.get(userId);
      if (found === undefined) return state;
      const { suspension: _, ...rest } = found;
      return withMember(state, userId, rest);
    },
  }),
  OrgOwnershipTransferred: orgEvent(
    z.strictObject({ from: principalId, to: principalId, role: roleKey, given: roleKey, left: roleKey }),
    {
      targets: ({ from, to }) => [from, to],
      touches: ({ from, to }) => [org, member(from), member(to)],
      evolve: (state, { from, to, role, left }, { id }) =>
        withOrg(withRole(withRole(state, { userId: from, role: left }, id), { userId: to, role }, id), {
          ownerId: to,
          transferRequest: undefined,
        }),
    },
  ),
};
