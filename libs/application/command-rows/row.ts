import type { z } from 'zod';
import type { Resource } from '#libs/domain/access/bindings.js';
import type { StateByCategory } from '#libs/domain/aggregates.js';
import type { RefusalCode } from '#libs/domain/decision.js';
import type { orgCommands } from '#libs/domain/org/decisions.js';
import type { OrgState } from '#libs/domain/org/org.js';
import type { realmCommands } from '#libs/domain/realm/commands.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { userCommands } from '#libs/domain/user/commands.js';
import type { secretInputs } from '../secrets/credential.js';

/** What the commands of each aggregate take: of an organization, of the realm, of a person about what is theirs. */
export interface Commands {
  readonly org: typeof orgCommands;
  readonly realm: typeof realmCommands;
  readonly user: typeof userCommands;
}

/** The aggregates that commands append to. */
export type Commanded = keyof Commands;

/** What may be needed where: all pairs must be permitted. */
export interface Need {
  readonly permission: Permission;
  readonly resource: Resource;
}

export interface Situation<C extends Commanded, Input> {
  readonly input: Input;
  /** Of the organization that the command appends to, or was posted to; empty where there is none. */
  readonly orgId: string;
  readonly state: StateByCategory[C];
  readonly scheme: CompiledScheme;
  /** Who sends the command. */
  readonly actor: string;
}

export interface CommandRow<
  C extends Commanded = Commanded,
  Schema extends z.ZodType = z.ZodType,
  Example = z.input<Schema>,
> {
  /** Where the command is posted: to an organization, to the realm (also where the organization is not there yet), to oneself. */
  readonly target: 'org' | 'realm' | 'me';
  readonly summary: string;
  /** An input for the documentation; it parses. */
  readonly example: Example;
  readonly needs: (situation: Situation<C, z.output<Schema>>) => readonly Need[];
  /** The person whom the command makes a member, where one may belong to one organization only. */
  readonly joins?: (input: z.output<Schema>, actor: string) => string;
  /** The name that the organization takes, where no other one may have it; undefined where it keeps its own. */
  readonly names?: (input: z.output<Schema>, state: StateByCategory[C]) => string | undefined;
  /** The person whom the command erases: what stands against that is found out before it is decided. */
  readonly erases?: (input: z.output<Schema>) => string;
  /** Refusals that are answered like something that does not exist, so that a stranger learns nothing by them. */
  readonly hides?: readonly RefusalCode[];
  /** The field that names the created thing; filled from the command id where the client gives none. */
  readonly creates?: string;
  /** Its answer shows the text of a key, which its event does not hold. */
  readonly issuesKey?: true;
}

/** One row for each command of the aggregate. A command without a row, or a row without `needs`, does not compile. */
export type TableOf<C extends Commanded> = {
  readonly [Name in keyof Commands[C]]: CommandRow<
    C,
    Commands[C][Name] & z.ZodType,
    ClientInput<Name, Commands[C][Name] & z.ZodType>
  >;
};

/** What clients send: for some commands, with the secret that the rules see a reference to. */
type ClientInput<Name, Schema extends z.ZodType> = z.input<
  Name extends keyof typeof secretInputs ? (typeof secretInputs)[Name] : Schema
>;

export type CommandTable = TableOf<'org'>;

export const onOrg = (orgId: string, permission: Permission): Need => ({
  permission,
  resource: { kind: 'org', orgId },
});

/** Asked of the realm. */
export const onRealm = (permission: Permission) => (): readonly Need[] => [{ permission, resource: { kind: 'realm' } }];

/** Asked of the environment where there is one; of the organization otherwise, so that a missing one tells nothing more. */
export function onEnvironment(
  { input, orgId, state }: { input: { environmentId: string }; orgId: string; state: OrgState },
  permission: Permission,
): Need {
  const { environmentId } = input;
  if (state.environments.get(environmentId)?.status !== 'active') return onOrg(orgId, permission);
  return { permission, resource: { kind: 'environment', orgId, environmentId } };
}
