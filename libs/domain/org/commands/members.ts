import { z } from 'zod';
import type { Decision } from '../../decision.js';
import { refuse } from '../../decision.js';
import type { CompiledScheme } from '../../schemes/compiled.js';
import { principalId } from '../../text.js';
import { nothing, orgCommand, person } from '../command.js';
import type { OrgEvent } from '../events.js';
import { roleKey } from '../fields.js';
import { memberLimitFault } from '../limits.js';
import type { OrgState } from '../org.js';
import { roleFault } from '../role-bounds.js';

const membership = z.strictObject({ userId: principalId, role: roleKey });

export const memberCommands = {
  AddMember: orgCommand(membership, (state, { userId, role }, { scheme, at }) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    const present = state.members.get(userId);
    if (present !== undefined) return present.role === role ? [] : refuse('already_member');
    const fault = roleFault(state, scheme, { gains: role }) ?? memberLimitFault(state, scheme, at, 1);
    return fault ?? [{ type: 'MemberAdded', data: { userId, role } }];
  }),

  RemoveMember: orgCommand(person, (state, { userId }, { scheme }) => removal(state, userId, scheme)),

  /** The same removal, asked for by who goes. */
  LeaveOrg: orgCommand(nothing, (state, _, { scheme, actor }) => removal(state, actor, scheme)),

  ChangeMemberRole: orgCommand(membership, (state, { userId, role }, { scheme }) => {
    const present = state.members.get(userId);
    if (present === undefined) return refuse('member_not_found');
    if (present.role === role) return [];
    return (
      roleFault(state, scheme, { gains: role, loses: present }) ?? [
        { type: 'MemberRoleChanged', data: { userId, role, from: present.role } },
      ]
    );
  }),

  SuspendMember: orgCommand(person, (state, { userId }, { scheme }) => {
    const present = state.members.get(userId);
    if (present === undefined) return refuse('member_not_found');
    if (present.suspension !== undefined) return [];
    return roleFault(state, scheme, { loses: present }) ?? [{ type: 'MemberSuspended', data: { userId } }];
  }),

  ResumeMember: orgCommand(person, (state, { userId }) => {
    const present = state.members.get(userId);
    if (present === undefined) return refuse('member_not_found');
    return present.suspension === undefined ? [] : [{ type: 'MemberResumed', data: { userId } }];
  }),
};

function removal(state: OrgState, userId: string, scheme: CompiledScheme): Decision<OrgEvent> {
  const present = state.members.get(userId);
  if (present === undefined) return [];
  return (
    roleFault(state, scheme, { loses: present }) ?? [{ type: 'MemberRemoved', data: { userId, role: present.role } }]
  );
}
