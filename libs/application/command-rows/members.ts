import { orgAdmin } from '#libs/domain/org/commands/members.js';
import type { OrgState } from '#libs/domain/org/org.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { lineOf } from '#libs/domain/schemes/held-permissions.js';
import { type CommandTable, type Need, onOrg } from './row.js';

export const memberRows = {
  AddMember: {
    target: 'org',
    summary: 'Add a person to the organization',
    example: { userId: 'bob', role: 'org.participant' },
    needs: ({ input, orgId, scheme }) => [onOrg(orgId, assigning(scheme, input.role))],
    joins: ({ userId }) => userId,
  },
  RemoveMember: {
    target: 'org',
    summary: 'Remove a person, with every grant given to them and every place in a group',
    example: { userId: 'bob' },
    needs: (situation) => [taking(situation)],
  },
  LeaveOrg: {
    target: 'org',
    summary: 'Leave the organization; the last owner cannot',
    example: {},
    needs: ({ orgId }) => [onOrg(orgId, 'org:leave')],
  },
  ChangeMemberRole: {
    target: 'org',
    summary: "Change a member's role",
    example: { userId: 'bob', role: 'org.admin' },
    needs: (situation) => [
      taking(situation),
      onOrg(situation.orgId, assigning(situation.scheme, situation.input.role)),
      onOrg(situation.orgId, 'member:set-role'),
    ],
  },
  AppointOrgAdmin: {
    target: 'org',
    summary: 'Make somebody an admin of the organization, whether they are a member of it already or not',
    example: { userId: 'bob' },
    needs: (situation) => [
      onOrg(situation.orgId, assigning(situation.scheme, orgAdmin)),
      // Nobody is brought down to it by whoever may not take from them what they have; what an admin inherits, they keep.
      ...(keepsRole(situation, orgAdmin) ? [] : [taking(situation)]),
    ],
    joins: ({ userId }) => userId,
  },
  SuspendMember: {
    target: 'org',
    summary: 'Suspend a member: what they hold in the organization holds nothing until they are resumed',
    example: { userId: 'bob' },
    needs: (situation) => [taking(situation)],
  },
  ResumeMember: {
    target: 'org',
    summary: "End a member's suspension",
    example: { userId: 'bob' },
    needs: (situation) => [taking(situation)],
  },
} as const satisfies Partial<CommandTable>;

/** What giving a role takes; the general right over members for a role that the scheme lacks, which is then refused. */
const assigning = ({ roles }: CompiledScheme, role: string): Permission =>
  roles.get(role)?.assignedWith ?? 'member:manage';

interface OnMember {
  readonly input: { readonly userId: string };
  readonly orgId: string;
  readonly state: OrgState;
  readonly scheme: CompiledScheme;
}

/** Whether nothing is taken from them by the other role: it inherits what they hold, if they hold anything. */
function keepsRole({ input, state, scheme }: OnMember, other: string): boolean {
  const present = state.members.get(input.userId)?.role;
  return present === undefined || lineOf(scheme.roles, other).includes(present);
}

/** What taking their role from a member takes, for good or for a time; giving it back after that time takes no more. */
function taking({ input, orgId, state, scheme }: OnMember): Need {
  const role = state.members.get(input.userId)?.role;
  const permission = role === undefined ? undefined : scheme.roles.get(role)?.removedWith;
  return onOrg(orgId, permission ?? 'member:manage');
}
