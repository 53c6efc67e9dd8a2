import type { z } from 'zod';
import type { Resource } from '#libs/domain/access/bindings.js';
import type { RefusalCode } from '#libs/domain/decision.js';
import type { OrgCommandInput, OrgCommandName, orgCommands } from '#libs/domain/org/decisions.js';
import type { OrgState } from '#libs/domain/org/org.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';

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
  /** Who sends the command. */
  readonly actor: string;
}

export interface CommandRow<Name extends OrgCommandName = OrgCommandName> {
  /** Where the command is posted: to an organization, or to the realm where the organization does not exist yet. */
  readonly target: 'org' | 'realm';
  readonly summary: string;
  /** An input for the documentation; it parses. */
  readonly example: z.input<(typeof orgCommands)[Name]>;
  readonly needs: (situation: Situation<Name>) => readonly Need[];
  /** The person whom the command makes a member, where one may belong to one organization only. */
  readonly joins?: (input: OrgCommandInput<Name>, actor: string) => string;
  /** Refusals that are answered like something that does not exist, so that a stranger learns nothing by them. */
  readonly hides?: readonly RefusalCode[];
  /** The field that names the created thing; filled from the command id where the client gives none. */
  readonly creates?: string;
}

export type CommandTable = { readonly [Name in OrgCommandName]: CommandRow<Name> };

export const onOrg = (orgId: string, permission: Permission): Need => ({
  permission,
  resource: { kind: 'org', orgId },
});

/** Asked of the environment where there is one; of the organization otherwise, so that a missing one tells nothing more. */
export function onEnvironment(
  { input, orgId, state }: { input: { environmentId: string }; orgId: string; state: OrgState },
  permission: Permission,
): Need {
  const { environmentId } = input;
  if (state.environments.get(environmentId)?.status !== 'active') return onOrg(orgId, permission);
  return { permission, resource: { kind: 'environment', orgId, environmentId } };
}
