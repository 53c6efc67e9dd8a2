import { z } from 'zod';
import type { Decision } from '../../decision.js';
import { refuse } from '../../decision.js';
import type { CompiledScheme } from '../../schemes/compiled.js';
import { principalId } from '../../text.js';
import { type DecisionContext, nothing, orgCommand, person } from '../command.js';
import type { OrgEvent } from '../events.js';
import { roleKey } from '../fields.js';
import { memberLimitFault } from '../limits.js';
import type { OrgState } from '../org.js';
import { roleFault } from '../role-bounds.js';

const membership = z.strictObject({ userId: principalId, role: roleKey });
type Membership = z.output<typeof membership>;

/** What every scheme calls it. */
export const orgAdmin = 'org.admin';

export const memberCommands = {
  AddMember: orgCommand(membership, addition),

  RemoveMember: orgCommand(person, (state, { userId }, { scheme }) => removal(state, userId, scheme)),

  /** The same removal, asked for by who goes. */
  LeaveOrg: orgCommand(nothing, (state, _, { scheme, actor }) => removal(state, actor, scheme)),

  ChangeMemberRole: orgCommand(membership, roleChange),

  /** Of a member, or of somebody who joins by it (G4). */
  AppointOrgAdmin: orgCommand(person, (state, { userId }, context) =>
    (state.members.has(userId) ? roleChange : addition)(state, { userId, role: orgAdmin }, context),
  ),

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

function addition(state: OrgState, { userId, role }: Membership, { scheme, at }: DecisionContext): Decision<OrgEvent> {
  if (state.org.status !== 'active') return refuse('org_not_found');
  const present = state.members.get(userId);
  if (present !== undefined) return present.role === role ? [] : refuse('already_member');
  const fault = roleFault(state, scheme, { gains: role }) ?? memberLimitFault(state, scheme, at, 1);
  return fault ?? [{ type: 'MemberAdded', data: { userId, role } }];
}

function roleChange(state: OrgState, { userId, role }: Membership, { scheme }: DecisionContext): Decision<OrgEvent> {
  const present = state.members.get(userId);
  if (present === undefined) return refuse('member_not_found');
  if (present.role === role) return [];
  return (
    roleFault(state, scheme, { gains: role, loses: present }) ?? [
      { type: 'MemberRoleChanged', data: { userId, role, from: present.role } },
    ]
  );
}

function removal(state: OrgState, userId: string, scheme: CompiledScheme): Decision<OrgEvent> {
  const present = state.members.get(userId);
  if (present === undefined) return [];
  return (
    roleFault(state, scheme, { loses: present }) ?? [{ type: 'MemberRemoved', data: { userId, role: present.role } }]
  );
}
