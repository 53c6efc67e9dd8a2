import { orgCommands, type OrgCommandName } from '#libs/domain/org/decisions.js';
import { type RealmCommandName, realmCommands } from '#libs/domain/realm/commands.js';
import { assignmentRows } from './command-rows/assignments.js';
import { billingRows } from './command-rows/billing.js';
import { environmentRows } from './command-rows/environments.js';
import { groupRows } from './command-rows/groups.js';
import { invitationRows } from './command-rows/invitations.js';
import { legalHoldRows } from './command-rows/legal-holds.js';
import { memberRows } from './command-rows/members.js';
import { organizationRows } from './command-rows/organization.js';
import { realmCommandTable } from './command-rows/realm.js';
import { settingsRows } from './command-rows/settings.js';
import { workflowRows } from './command-rows/workflows.js';
import type { CommandTable } from './command-rows/row.js';

export type { CommandRow, Need } from './command-rows/row.js';

/** Every command of an organization: one row each. A command without a row, or a row without `needs`, does not compile. */
export const orgCommandTable: CommandTable = {
  ...organizationRows,
  ...memberRows,
  ...assignmentRows,
  ...groupRows,
  ...environmentRows,
  ...invitationRows,
  ...workflowRows,
  ...settingsRows,
  ...legalHoldRows,
  ...billingRows,
};

/** Every command of the product. */
export const commandTable = { ...orgCommandTable, ...realmCommandTable } as const;

/** What each of them takes. */
export const commandSchemas = { ...orgCommands, ...realmCommands } as const;

export type CommandName = OrgCommandName | RealmCommandName;

export const commandNames = Object.keys(commandSchemas) as readonly CommandName[];

export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commandTable, name);
export const isRealmCommandName = (name: string): name is RealmCommandName => Object.hasOwn(realmCommandTable, name);
