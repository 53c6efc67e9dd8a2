import { partsOf } from '../command.js';
import { apiKeyCommands } from './commands/api-keys.js';
import { assignmentCommands } from './commands/assignments.js';
import { billingCommands } from './commands/billing.js';
import { contentCommands } from './commands/contents.js';
import { environmentCredentialCommands } from './commands/environment-credentials.js';
import { environmentCommands } from './commands/environments.js';
import { groupCommands } from './commands/groups.js';
import { invitationCommands } from './commands/invitations.js';
import { legalHoldCommands } from './commands/legal-holds.js';
import { memberCommands } from './commands/members.js';
import { orgApiKeyCommands } from './commands/org-api-keys.js';
import { organizationCommands } from './commands/organization.js';
import { providerKeyCommands } from './commands/provider-keys.js';
import { serviceAccountCommands } from './commands/service-accounts.js';
import { settingsCommands } from './commands/settings.js';
import { workflowCommands } from './commands/workflows.js';

export type { DecisionContext } from './command.js';

const definitions = {
  ...organizationCommands,
  ...memberCommands,
  ...assignmentCommands,
  ...groupCommands,
  ...environmentCommands,
  ...environmentCredentialCommands,
  ...contentCommands,
  ...invitationCommands,
  ...workflowCommands,
  ...serviceAccountCommands,
  ...apiKeyCommands,
  ...orgApiKeyCommands,
  ...settingsCommands,
  ...providerKeyCommands,
  ...legalHoldCommands,
  ...billingCommands,
};
export type OrgCommandName = keyof typeof definitions;

/** What each command takes. Ids of created things may be given; otherwise they derive from the command's own id. */
export const orgCommands = partsOf(definitions, 'schema');

/** The rules of each command. */
export const orgDecisions = partsOf(definitions, 'decide');
