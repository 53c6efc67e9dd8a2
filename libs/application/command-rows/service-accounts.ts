import type { OrgState } from '#libs/domain/org/org.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type CommandTable, type Need, onOrg } from './row.js';

const account = { accountId: 'ci' };
const key = { ...account, keyId: 'first' };

/**
 * All by the right to manage service accounts; and whoever gives one a role, or gets hold of a key to one that has it, must be
 * allowed to give that role (no escalation).
 */
export const serviceAccountRows = {
  CreateServiceAccount: {
    target: 'org',
    summary: 'Create a service account: a machine of the organization, with a role in it',
    example: { ...account, name: 'Checks of the gateway', role: 'org.checker' },
    needs: (situation) => [managing(situation), ...giving(situation, situation.input.role)],
    creates: 'accountId',
  },
  UpdateServiceAccount: {
    target: 'org',
    summary: 'Rename a service account, or give it another role',
    example: { ...account, name: 'Checks of both gateways' },
    needs: (situation) => [managing(situation), ...giving(situation, situation.input.role)],
  },
  DeleteServiceAccount: {
    target: 'org',
    summary: 'Delete a service account, with its role and every key',
    example: account,
    needs: (situation) => [managing(situation)],
  },
  IssueServiceAccountKey: {
    target: 'org',
    summary: 'Issue a key to a service account; its text is shown in this answer alone',
    example: { ...key, notAfter: '2031-01-01T00:00:00.000Z' },
    needs: (situation) => [managing(situation), ...giving(situation, roleOf(situation))],
    creates: 'keyId',
    issuesKey: true,
  },
  RotateServiceAccountKey: {
    target: 'org',
    summary: 'Put another key in the place of one, which is still accepted until the given instant',
    example: { ...key, newKeyId: 'second', until: '2030-01-01T00:00:00.000Z' },
    needs: (situation) => [managing(situation), ...giving(situation, roleOf(situation))],
    creates: 'keyId',
    issuesKey: true,
  },
  RevokeServiceAccountKey: {
    target: 'org',
    summary: 'Revoke a key of a service account: from now on nobody is it by that key',
    example: key,
    needs: (situation) => [managing(situation)],
  },
} as const satisfies Partial<CommandTable>;

const managing = ({ orgId }: { orgId: string }): Need => onOrg(orgId, 'service-account:manage');

const roleOf = ({ state, input }: { state: OrgState; input: { accountId: string } }): string | undefined =>
  state.services.get(input.accountId)?.role;

/** What it takes to give a role; nothing more where the scheme knows none of that name, which is refused. */
export function giving({ orgId, scheme }: { orgId: string; scheme: CompiledScheme }, role: string | undefined): Need[] {
  const permission = role === undefined ? undefined : scheme.roles.get(role)?.assignedWith;
  return permission === undefined ? [] : [onOrg(orgId, permission)];
}
