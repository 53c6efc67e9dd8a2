import type { z } from 'zod';
import type { Resource } from '#libs/domain/access/bindings.js';
import { orgCommands, type OrgCommandInput, type OrgCommandName } from '#libs/domain/org/decisions.js';
import type { OrgState } from '#libs/domain/org/org.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { overrideTakes } from '#libs/domain/schemes/escalations.js';

/** What may be needed where: all pairs must be permitted. */
export interface Need {
  readonly permission: Permission;
  readonly resource: Resource;
}

interface Situation<Name extends OrgCommandName> {
  readonly input: OrgCommandInput<Name>;
  readonly orgId: string;
  readonly state: OrgState;
  readonly scheme: CompiledScheme;
}

export interface CommandRow<Name extends OrgCommandName = OrgCommandName> {
  /** Where the command is posted: to an organization, or to the realm where the organization does not exist yet. */
  readonly target: 'org' | 'realm';
  readonly summary: string;
  /** An input for the documentation; it parses. */
  readonly example: z.input<(typeof orgCommands)[Name]>;
  readonly needs: (situation: Situation<Name>) => readonly Need[];
  /** The person whom the command makes a member, where one may belong to one organization only. */
  readonly joins?: (input: OrgCommandInput<Name>) => string;
  /** The field that names the created thing; filled from the command id where the client gives none. */
  readonly creates?: string;
}

type Table = { readonly [Name in OrgCommandName]: CommandRow<Name> };

/** Every command of the product: one row each. A command without a row, or a row without `needs`, does not compile. */
export const commandTable: Table = {
  CreateOrg: {
    target: 'realm',
    summary: 'Create an organization and name its owner',
    example: { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' },
    needs: () => [{ permission: 'org:create', resource: { kind: 'realm' } }],
    joins: ({ ownerId }) => ownerId,
    creates: 'orgId',
  },
  AddMember: {
    target: 'org',
    summary: 'Add a person to the organization',
    example: { userId: 'bob', role: 'org.participant' },
    needs: ({ input, orgId, scheme }) => [onOrg(orgId, assigning(scheme, input.role))],
    joins: ({ userId }) => userId,
  },
  RemoveMember: {
    target: 'org',
    summary: 'Remove a person, with every grant given to them',
    example: { userId: 'bob' },
    needs: ({ input, orgId, state, scheme }) => [onOrg(orgId, removing(scheme, state.members.get(input.userId)?.role))],
  },
  ChangeMemberRole: {
    target: 'org',
    summary: "Change a member's role",
    example: { userId: 'bob', role: 'org.admin' },
    needs: ({ input, orgId, state, scheme }) => [
      onOrg(orgId, removing(scheme, state.members.get(input.userId)?.role)),
      onOrg(orgId, assigning(scheme, input.role)),
      onOrg(orgId, 'member:set-role'),
    ],
  },
  TransferOrgOwnership: {
    target: 'org',
    summary: 'Make an admin the owner; the former owner becomes an admin',
    example: { toUserId: 'carol' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:transfer')],
  },
  CreateEnvironment: {
    target: 'org',
    summary: 'Create an environment',
    example: { environmentId: 'production', name: 'Production' },
    needs: ({ orgId }) => [onOrg(orgId, 'environment:create')],
    creates: 'environmentId',
  },
  DeleteEnvironment: {
    target: 'org',
    summary: 'Delete an environment with its models and grants',
    example: { environmentId: 'production' },
    needs: (situation) => [onEnvironment(situation, 'environment:delete')],
  },
  GrantEnvironmentAccess: {
    target: 'org',
    summary: 'Grant a member the use of an environment, for a time or for good',
    example: { environmentId: 'production', grantee: { type: 'user', id: 'bob' } },
    needs: (situation) => [
      onEnvironment(situation, 'environment:grant'),
      ...(situation.input.role === undefined
        ? []
        : [onEnvironment(situation, overrideTakes(situation.scheme.document))]),
    ],
  },
  RevokeEnvironmentAccess: {
    target: 'org',
    summary: 'Revoke the use of an environment',
    example: { environmentId: 'production', grantee: { type: 'user', id: 'bob' } },
    needs: (situation) => [onEnvironment(situation, 'environment:grant')],
  },
  AddModel: {
    target: 'org',
    summary: 'Add an AI model to an environment',
    example: { environmentId: 'production', modelId: 'gpt-4o', provider: 'openai', name: 'GPT-4o' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
    creates: 'modelId',
  },
  RemoveModel: {
    target: 'org',
    summary: 'Remove an AI model from an environment',
    example: { environmentId: 'production', modelId: 'gpt-4o' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
  },
};

export const commandNames = Object.keys(orgCommands) as readonly OrgCommandName[];

export const isCommandName = (name: string): name is OrgCommandName => Object.hasOwn(commandTable, name);

const onOrg = (orgId: string, permission: Permission): Need => ({ permission, resource: { kind: 'org', orgId } });

/** Asked of the environment where there is one; of the organization otherwise, so that a missing one tells nothing more. */
function onEnvironment(
  { input, orgId, state }: { input: { environmentId: string }; orgId: string; state: OrgState },
  permission: Permission,
): Need {
  const { environmentId } = input;
  if (state.environments.get(environmentId)?.status !== 'active') return onOrg(orgId, permission);
  return { permission, resource: { kind: 'environment', orgId, environmentId } };
}

/** What giving a role takes; the general right over members for a role that the scheme lacks, which is then refused. */
const assigning = ({ roles }: CompiledScheme, role: string): Permission =>
  roles.get(role)?.assignedWith ?? 'member:manage';

const removing = ({ roles }: CompiledScheme, role: string | undefined): Permission =>
  (role === undefined ? undefined : roles.get(role)?.removedWith) ?? 'member:manage';
