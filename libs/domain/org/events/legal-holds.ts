import { z } from 'zod';
import { principalId, slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { changedMember, member, org, withOrg, without } from '../org.js';

const one = z.strictObject({ holdId: slug });

// Stored format: add event types and optional fields, never change them.
export const legalHoldEvents = {
  /** Nothing of the person is erased until it is released; without a person, nothing of anybody whom the organization knows. */
  LegalHoldPlaced: orgEvent(
    one.extend({
      userId: principalId.optional(),
      /** A reference to the case, for people: never the name of somebody. */
      matter: text(200),
      placedBy: principalId,
    }),
    {
      targets: ({ holdId, userId }) => (userId === undefined ? [holdId] : [holdId, userId]),
      touches: () => [org],
      evolve: (state, { holdId, ...hold }) =>
        withOrg(state, { legalHolds: { ...state.org.legalHolds, [holdId]: hold } }),
    },
  ),
  LegalHoldReleased: orgEvent(one, {
    targets: ({ holdId }) => [holdId],
    touches: () => [org],
    evolve: (state, { holdId }) => {
      const { legalHolds = {}, ...rest } = state.org;
      const left = without(legalHolds, holdId);
      return { ...state, org: Object.keys(left).length === 0 ? rest : { ...rest, legalHolds: left } };
    },
  }),
  /** What erases the person's data follows it; see the events of the person's own stream. */
  MemberErasureRequested: orgEvent(z.strictObject({ userId: principalId }), {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [member(userId)],
    evolve: (state, { userId }, { id }) =>
      changedMember(state, userId, (found) => ({ ...found, erasureRequested: id })),
  }),
};
