import type { z } from 'zod';
import type { OrgCommandDefinition } from './command.js';
import { assignmentCommands } from './commands/assignments.js';
import { billingCommands } from './commands/billing.js';
import { environmentCommands } from './commands/environments.js';
import { groupCommands } from './commands/groups.js';
import { invitationCommands } from './commands/invitations.js';
import { legalHoldCommands } from './commands/legal-holds.js';
import { memberCommands } from './commands/members.js';
import { organizationCommands } from './commands/organization.js';
import { settingsCommands } from './commands/settings.js';
import { workflowCommands } from './commands/workflows.js';

export type { DecisionContext } from './command.js';

const definitions = {
  ...organizationCommands,
  ...memberCommands,
  ...assignmentCommands,
  ...groupCommands,
  ...environmentCommands,
  ...invitationCommands,
  ...workflowCommands,
  ...settingsCommands,
  ...legalHoldCommands,
  ...billingCommands,
};
type Definitions = typeof definitions;
type Schemas = { readonly [Name in keyof Definitions]: Definitions[Name]['schema'] };

export type OrgCommandName = keyof Definitions;
export type OrgCommandInput<Name extends OrgCommandName> = z.output<Schemas[Name]>;

// Each name keeps the schema and the rules of its own definition.
const each = <Part extends keyof OrgCommandDefinition<z.ZodType>>(part: Part) =>
  Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, definition[part]])) as unknown;

/** What each command takes. Ids of created things may be given; otherwise they derive from the command's own id. */
export const orgCommands = each('schema') as Schemas;

/** The rules of each command. */
export const orgDecisions = each('decide') as { readonly [Name in OrgCommandName]: Definitions[Name]['decide'] };
