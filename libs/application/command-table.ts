import { orgCommands, type OrgCommandName } from '#libs/domain/org/decisions.js';
import { assignmentRows } from './command-rows/assignments.js';
import { environmentRows } from './command-rows/environments.js';
import { groupRows } from './command-rows/groups.js';
import { invitationRows } from './command-rows/invitations.js';
import { memberRows } from './command-rows/members.js';
import { organizationRows } from './command-rows/organization.js';
import { settingsRows } from './command-rows/settings.js';
import { workflowRows } from './command-rows/workflows.js';
import type { CommandTable } from './command-rows/row.js';

export type { CommandRow, Need } from './command-rows/row.js';

/** Every command of the product: one row each. A command without a row, or a row without `needs`, does not compile. */
export const commandTable: CommandTable = {
  ...organizationRows,
  ...memberRows,
  ...assignmentRows,
  ...groupRows,
  ...environmentRows,
  ...invitationRows,
  ...workflowRows,
  ...settingsRows,
};

export const commandNames = Object.keys(orgCommands) as readonly OrgCommandName[];

export const isCommandName = (name: string): name is OrgCommandName => Object.hasOwn(commandTable, name);
