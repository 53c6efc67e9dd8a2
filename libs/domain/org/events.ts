import type { EventOf, Evolutions } from '../event.js';
import { apiKeyEvents } from './events/api-keys.js';
import { assignmentEvents } from './events/assignments.js';
import { billingEvents } from './events/billing.js';
import { contentEvents } from './events/contents.js';
import { environmentCredentialEvents } from './events/environment-credentials.js';
import { environmentEvents } from './events/environments.js';
import { groupEvents } from './events/groups.js';
import { invitationEvents } from './events/invitations.js';
import { legalHoldEvents } from './events/legal-holds.js';
import { memberEvents } from './events/members.js';
import { orgApiKeyEvents } from './events/org-api-keys.js';
import { bookkeepingEvents, organizationEvents } from './events/organization.js';
import { providerKeyEvents } from './events/provider-keys.js';
import { serviceAccountEvents } from './events/service-accounts.js';
import { settingsEvents } from './events/settings.js';
import { workflowEvents } from './events/workflows.js';
import type { OrgState } from './org.js';

const definitions = {
  ...organizationEvents,
  ...memberEvents,
  ...assignmentEvents,
  ...groupEvents,
  ...environmentEvents,
  ...environmentCredentialEvents,
  ...contentEvents,
  ...invitationEvents,
  ...workflowEvents,
  ...serviceAccountEvents,
  ...apiKeyEvents,
  ...orgApiKeyEvents,
  ...settingsEvents,
  ...providerKeyEvents,
  ...legalHoldEvents,
  ...billingEvents,
  ...bookkeepingEvents,
};
type Definitions = typeof definitions;
type Schemas = { readonly [Type in keyof Definitions]: Definitions[Type]['schema'] };

/** The stored format of every event of an organization. */
export const orgEvents = Object.fromEntries(
  Object.entries(definitions).map(([type, { schema }]) => [type, schema]),
  // Each name keeps the schema of its own definition.
) as unknown as Schemas;
export type OrgEvent = EventOf<Schemas>;

export const orgEvolutions: Evolutions<OrgState, OrgEvent> = definitions;

/** Ids of the people, groups, environments and models that an organization's event is about, each once. */
export function targetsOf(type: string, data: unknown): string[] {
  if (!Object.hasOwn(definitions, type)) throw new Error(`no targets are declared for ${type}`);
  // Data was parsed by its type's schema when it was appended.
  const { targets } = definitions[type as keyof Definitions] as { targets(data: unknown): readonly string[] };
  return [...new Set(targets(data))];
}
