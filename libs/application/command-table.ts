import type { z } from 'zod';
import { orgCommands, orgDecisions } from '#libs/domain/org/decisions.js';
import { realmCommands, realmDecisions } from '#libs/domain/realm/commands.js';
import { usageCommands } from '#libs/domain/usage/commands.js';
import { userCommands, userDecisions } from '#libs/domain/user/commands.js';
import { apiKeyRows } from './command-rows/api-keys.js';
import { assignmentRows } from './command-rows/assignments.js';
import { billingRows } from './command-rows/billing.js';
import { contentRows } from './command-rows/contents.js';
import { environmentCredentialRows } from './command-rows/environment-credentials.js';
import { environmentRows } from './command-rows/environments.js';
import { groupRows } from './command-rows/groups.js';
import { invitationRows } from './command-rows/invitations.js';
import { legalHoldRows } from './command-rows/legal-holds.js';
import { memberRows } from './command-rows/members.js';
import { orgApiKeyRows } from './command-rows/org-api-keys.js';
import { organizationRows } from './command-rows/organization.js';
import { providerKeyRows } from './command-rows/provider-keys.js';
import { realmRows } from './command-rows/realm.js';
import type { Commanded, CommandRow, CommandTable } from './command-rows/row.js';
import { serviceAccountRows } from './command-rows/service-accounts.js';
import { settingsRows } from './command-rows/settings.js';
import { usageRows } from './command-rows/usage.js';
import { userRows } from './command-rows/user.js';
import { workflowRows } from './command-rows/workflows.js';
import { secretInputs } from './secrets/credential.js';

export type { Commanded, CommandRow, Need } from './command-rows/row.js';

const orgRows: CommandTable = {
  ...organizationRows,
  ...memberRows,
  ...assignmentRows,
  ...groupRows,
  ...environmentRows,
  ...environmentCredentialRows,
  ...contentRows,
  ...invitationRows,
  ...workflowRows,
  ...serviceAccountRows,
  ...apiKeyRows,
  ...orgApiKeyRows,
  ...settingsRows,
  ...providerKeyRows,
  ...legalHoldRows,
  ...billingRows,
};

/** Every command of the product: one row each. */
export const commandTable = { ...orgRows, ...usageRows, ...realmRows, ...userRows } as const;

/** What the rules of each take. */
export const commandSchemas = { ...orgCommands, ...usageCommands, ...realmCommands, ...userCommands } as const;

/** What clients send: a secret itself, in place of the reference to it that the rules take. */
export const clientSchemas = { ...commandSchemas, ...secretInputs } as const;

/** The rules of each that is decided on a fold. */
export const commandRules = { ...orgDecisions, ...realmDecisions, ...userDecisions } as const;

export type CommandName = keyof typeof commandSchemas;
export type CommandInput<Name extends CommandName> = z.output<(typeof commandSchemas)[Name]>;

export const commandNames = Object.keys(commandSchemas) as readonly CommandName[];

export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commandTable, name);

/** Commands of usage fold nothing, and take a path of their own. */
export const isUsageCommand = (name: CommandName): name is keyof typeof usageCommands => Object.hasOwn(usageRows, name);

/** The aggregate whose stream the command appends to; not of usage. */
export function aggregateOf(name: CommandName): Commanded {
  if (Object.hasOwn(orgRows, name)) return 'org';
  return Object.hasOwn(realmRows, name) ? 'realm' : 'user';
}

// A command's name and its row belong together by construction; indexing by the name alone loses that pairing.
export const rowOf = (name: CommandName): CommandRow =>
  commandTable[name] as CommandRow<never, never, unknown> as CommandRow;
