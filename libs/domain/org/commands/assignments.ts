import { z } from 'zod';
import { type Assignment, own } from '../../access/documents.js';
import { machineOf } from '../../access/machines.js';
import { type Refusal, refuse } from '../../decision.js';
import type { CompiledScheme } from '../../schemes/compiled.js';
import { instant, principalId } from '../../text.js';
import { orgCommand } from '../command.js';
import { roleKey } from '../fields.js';
import type { OrgState } from '../org.js';

const place = z.strictObject({ userId: principalId, role: roleKey });
type Place = z.output<typeof place>;

export const assignmentCommands = {
  /** For roles that a second person confirms; other roles are memberships. */
  AssignRole: orgCommand(place.extend({ notAfter: instant }), (state, { notAfter, ...of }, { scheme, actor, at }) => {
    const fault = roleFault(scheme, of.role);
    if (fault !== undefined) return fault;
    if (!state.members.has(of.userId)) return refuse('member_not_found');
    if (machineOf(actor) !== undefined) return refuse('not_for_machines');
    if (Date.parse(notAfter) <= at) return refuse('grant_window_empty');
    const present = assignmentOf(state, of);
    if (present?.notAfter === notAfter && present.assignedBy === actor) return [];
    return [{ type: 'RoleAssigned', data: { ...of, assignedBy: actor, notAfter } }];
  }),

  /** By somebody other than the one who assigned it and the one who is to hold it. */
  ConfirmRole: orgCommand(place, (state, of, { actor, at }) => {
    const present = assignmentOf(state, of);
    if (present === undefined || isOver(present, at)) return refuse('assignment_not_found');
    if (present.confirmed) return [];
    if (machineOf(actor) !== undefined) return refuse('not_for_machines');
    if (actor === present.assignedBy || actor === of.userId) return refuse('confirmation_by_another');
    return [{ type: 'RoleAssignmentConfirmed', data: { ...of, confirmedBy: actor } }];
  }),

  RevokeRole: orgCommand(place, (state, of) =>
    assignmentOf(state, of) === undefined ? [] : [{ type: 'RoleAssignmentRevoked', data: of }],
  ),
};

function roleFault({ roles }: CompiledScheme, key: string): Refusal | undefined {
  const role = roles.get(key);
  if (role?.scope !== 'org') return refuse('role_unknown');
  return role.confirmed ? undefined : refuse('role_is_membership');
}

function assignmentOf({ members }: OrgState, { userId, role }: Place): Assignment | undefined {
  const assignments = members.get(userId)?.assignments;
  return assignments && own(assignments, role);
}

const isOver = ({ notAfter }: Assignment, at: number): boolean => notAfter !== undefined && at >= Date.parse(notAfter);
