import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type CommandTable, type Need, onOrg } from './row.js';

const example = { userId: 'carol', role: 'org.auditor' };

export const assignmentRows = {
  AssignRole: {
    target: 'org',
    summary:
      'Give a member a role beside their membership until an instant; it holds once a second person confirmed it',
    example: { ...example, notAfter: '2030-01-01T00:00:00.000Z' },
    needs: (situation) => [giving(situation)],
  },
  ConfirmRole: {
    target: 'org',
    summary: 'Confirm a role that somebody else has assigned to somebody else',
    example,
    needs: (situation) => [giving(situation)],
  },
  RevokeRole: {
    target: 'org',
    summary: 'Take back a role that was assigned beside a membership',
    example,
    needs: ({ input, orgId, scheme }) => [onOrg(orgId, scheme.roles.get(input.role)?.removedWith ?? OTHERWISE)],
  },
} as const satisfies Partial<CommandTable>;

/** For a role that the scheme lacks, which is then refused. */
const OTHERWISE: Permission = 'member:manage';

function giving({ input, orgId, scheme }: { input: { role: string }; orgId: string; scheme: CompiledScheme }): Need {
  return onOrg(orgId, scheme.roles.get(input.role)?.assignedWith ?? OTHERWISE);
}
