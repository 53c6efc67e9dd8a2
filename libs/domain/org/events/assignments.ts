import { z } from 'zod';
import { own } from '../../access/documents.js';
import { instant, principalId } from '../../text.js';
import { orgEvent } from '../event.js';
import { roleKey } from '../fields.js';
import { changedMember, member, without } from '../org.js';

const place = z.strictObject({ userId: principalId, role: roleKey });

// Stored format: add event types and optional fields, never change them.
export const assignmentEvents = {
  /** A role beside the one of the membership, for a time. Where the scheme asks for it, it holds nothing until confirmed. */
  RoleAssigned: orgEvent(place.extend({ assignedBy: principalId, notAfter: instant }), {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [member(userId)],
    evolve: (state, { userId, role, assignedBy, notAfter }, { id }) =>
      changedMember(state, userId, (found) => ({
        ...found,
        assignments: { ...found.assignments, [role]: { notAfter, assignedBy, confirmed: false, evidence: [id] } },
      })),
  }),
  RoleAssignmentConfirmed: orgEvent(place.extend({ confirmedBy: principalId }), {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [member(userId)],
    evolve: (state, { userId, role }, { id }) =>
      changedMember(state, userId, (found) => {
        const assigned = found.assignments && own(found.assignments, role);
        if (assigned === undefined) return found;
        const confirmed = { ...assigned, confirmed: true, evidence: [...assigned.evidence, id] };
        return { ...found, assignments: { ...found.assignments, [role]: confirmed } };
      }),
  }),
  RoleAssignmentRevoked: orgEvent(place, {
    targets: ({ userId }) => [userId],
    touches: ({ userId }) => [member(userId)],
    evolve: (state, { userId, role }) =>
      changedMember(state, userId, (found) => {
        const { assignments = {}, ...rest } = found;
        const left = without(assignments, role);
        // Without any, as before the first one: searches look at members who have some.
        return Object.keys(left).length === 0 ? rest : { ...rest, assignments: left };
      }),
  }),
};
