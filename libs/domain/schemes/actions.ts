/** What a permission is asked of; a permission of the organization may also be asked of one of its environments. */
export type ActionScope = 'realm' | 'org' | 'environment' | 'self';

/** What a platform role reaches in organizations only where the scheme says so. */
export type Reach = 'content' | 'audit' | 'usage';

interface Action {
  readonly scope: ActionScope;
  readonly does: string;
  readonly reach?: Reach;
}

/**
 * The one catalogue of permissions for all schemes; the same meaning has the same name in each. These are the AuthZEN
 * action names. An environment is whatever an organization is divided into: a workspace, a project, a resource environment.
 */
export const actions = {
  // the platform
  'org:create': { scope: 'realm', does: 'Create an organization' },
  'org:list': { scope: 'realm', does: 'List all organizations' },
  'realm:create': { scope: 'realm', does: 'Create realms of the deployment, and see which there are' },
  'pricing:set': { scope: 'realm', does: 'Set platform-wide pricing' },
  'platform-model:manage': {
    scope: 'realm',
    does: "Manage the platform's own models, which personal environments show",
  },
  'login-method:set': { scope: 'realm', does: 'Set the login methods' },
  'identity-provider:set': { scope: 'realm', does: "Set whose tokens are accepted for the realm's people" },
  'sign-up:set': { scope: 'realm', does: 'Set who may come for the first time' },
  'platform-service-account:manage': { scope: 'realm', does: "Manage the platform's service accounts and their keys" },
  'platform-role:assign': { scope: 'realm', does: "Give and take the platform's own roles, confirm them" },
  'platform-subject:erase': { scope: 'realm', does: "Erase anybody's data in the realm" },
  'platform-subject:export': { scope: 'realm', does: "Export anybody's data in the realm" },
  'role-scheme:define': { scope: 'realm', does: 'Define role schemes, and adopt them' },
  'realm-activity:read': { scope: 'realm', does: 'Read what was done and refused in the realm, of no organization' },
  'replay:run': { scope: 'realm', does: 'Replay history' },
  'projection:rebuild': { scope: 'realm', does: 'Rebuild read models' },
  'ledger:verify': { scope: 'realm', does: 'Verify the ledger' },

  // the organization
  'org:resolve': { scope: 'org', does: 'Resolve any organization by id' },
  'org:select': { scope: 'org', does: 'Enter the organization: make it the active one' },
  'org:view': { scope: 'org', does: 'See the organization' },
  'org:update': { scope: 'org', does: "Edit the organization's name and description" },
  'org:suspend': { scope: 'org', does: 'Suspend an organization, and resume it' },
  'org:delete': { scope: 'org', does: 'Delete an organization' },
  'org:transfer': { scope: 'org', does: 'Transfer the ownership of an organization' },
  'org:request-transfer': { scope: 'org', does: 'Ask for the ownership to be transferred' },
  'org:set-plan': { scope: 'org', does: "Set an organization's plan" },
  'org:change-scheme': { scope: 'org', does: 'Move an organization to another version of its role scheme' },
  'org:leave': { scope: 'org', does: 'Leave the organization' },
  'org-content:read': { scope: 'org', does: "Read the organization's content", reach: 'content' },
  'settings:view': { scope: 'org', does: "See the organization's settings page" },
  'dashboard:view': { scope: 'org', does: 'See the dashboard' },
  'dashboard:view-team': { scope: 'org', does: "See the dashboard's team section" },
  'dashboard:view-billing': { scope: 'org', does: "See the dashboard's billing section" },
  'search:admin-shortcuts': { scope: 'org', does: 'See the shortcuts of admins in the search' },

  // people
  'member:list': { scope: 'org', does: 'See the list of members' },
  'member:invite': { scope: 'org', does: 'Invite people' },
  'member:manage': { scope: 'org', does: 'Add and remove members' },
  'group:manage': { scope: 'org', does: 'Manage groups of members, and who is in them' },
  'member:set-role': { scope: 'org', does: "Change members' roles" },
  'invitation:resend': { scope: 'org', does: 'Send an invitation again' },
  'invitation:cancel': { scope: 'org', does: 'Cancel an invitation' },
  'admin:appoint': { scope: 'org', does: 'Appoint an admin' },
  'admin:invite': { scope: 'org', does: 'Invite somebody as an admin right away' },
  'admin:remove': { scope: 'org', does: 'Remove an admin' },
  'owner:appoint': { scope: 'org', does: 'Make somebody an owner' },
  'owner:remove': { scope: 'org', does: 'Remove or demote an owner' },
  'self:promote': { scope: 'org', does: 'Give oneself a higher role' },

  // money
  'billing:view': { scope: 'org', does: 'See billing' },
  'billing:manage': { scope: 'org', does: 'Manage billing' },
  'billing-details:edit': { scope: 'org', does: 'Edit the billing details' },
  'subscription:manage': { scope: 'org', does: 'Subscribe, change the subscription, cancel it' },
  'invoice:record': { scope: 'org', does: 'Record invoices' },
  'invoice:view': { scope: 'org', does: 'See invoices' },
  'credits:buy': { scope: 'org', does: 'Buy credits' },
  'payment-method:save': { scope: 'org', does: 'Save a payment method' },
  'auto-recharge:set': { scope: 'org', does: 'Change the automatic recharge' },
  'usage:record': { scope: 'org', does: 'Record usage' },
  'usage:read': { scope: 'org', does: "Read the organization's usage", reach: 'usage' },
  'budget:manage': { scope: 'org', does: 'Manage budgets' },

  // what the organization holds
  'provider-key:manage': { scope: 'org', does: 'Manage AI providers and their keys' },
  'org-api-key:manage': { scope: 'org', does: "Manage the organization's own API keys" },
  'member-api-key:manage': { scope: 'org', does: "Manage another member's API keys" },
  'ssh-key:set': { scope: 'org', does: "Set the workers' public SSH key" },
  'ssh-key:view': { scope: 'org', does: "See the workers' public SSH key" },
  'routing:manage': { scope: 'org', does: 'Manage routing' },
  'guardrail:manage': { scope: 'org', does: 'Manage guardrails' },
  'mcp-server:manage': { scope: 'org', does: "Manage the organization's MCP servers" },
  'sso:manage': { scope: 'org', does: 'Manage single sign-on' },
  'service-account:manage': { scope: 'org', does: "Manage the organization's service accounts and their keys" },

  // features, which an object in an environment may put further conditions on
  'feature:discover': { scope: 'org', does: 'Discover: chat, agents, retrieval', reach: 'content' },
  'feature:define': { scope: 'org', does: 'Define workflows', reach: 'content' },
  'feature:design': { scope: 'org', does: 'Design workflows', reach: 'content' },
  'feature:build': { scope: 'org', does: 'Build: board and agent queue', reach: 'content' },
  'feature:insights': { scope: 'org', does: 'See insights', reach: 'content' },
  'feature:costs': { scope: 'org', does: 'See costs', reach: 'content' },

  // environments
  'environment:create': { scope: 'org', does: 'Create an environment' },
  'environment:delete': { scope: 'environment', does: 'Delete an environment' },
  'environment:update': { scope: 'environment', does: 'Rename or reconfigure an environment' },
  'environment:configure': { scope: 'environment', does: 'Configure models and MCP servers of an environment' },
  'environment:connect-oauth': { scope: 'environment', does: "Manage an environment's OAuth connections" },
  'environment:grant': { scope: 'environment', does: 'Grant and revoke access to an environment: manage its members' },
  'environment:override-role': { scope: 'environment', does: "Raise a member's role in one environment" },
  'environment:see': { scope: 'environment', does: 'See an environment' },
  'environment:use': { scope: 'environment', does: 'Use an environment and what it holds', reach: 'content' },
  'environment-content:view': { scope: 'environment', does: 'View what an environment holds', reach: 'content' },
  'environment-content:modify': { scope: 'environment', does: 'Modify what an environment holds', reach: 'content' },
  'environment-content:assign': { scope: 'environment', does: 'Assign products and projects to it', reach: 'content' },
  'operation:run': { scope: 'environment', does: 'Run operations', reach: 'content' },
  'rule:build': { scope: 'environment', does: 'Build rules', reach: 'content' },
  'rule:run': { scope: 'environment', does: 'Run rules', reach: 'content' },
  'workflow:move': { scope: 'environment', does: 'Move an own workflow into an environment', reach: 'content' },

  // oversight
  'audit:read': { scope: 'org', does: 'Read the audit trail', reach: 'audit' },
  'audit:export': { scope: 'org', does: 'Export the audit trail', reach: 'audit' },
  'history:read': { scope: 'org', does: 'Read what was at any past instant', reach: 'audit' },
  'evidence:create': { scope: 'org', does: 'Create a bundle of evidence', reach: 'audit' },
  'decision:evaluate': { scope: 'org', does: 'Ask what others may do' },
  'decision:search': { scope: 'org', does: 'Search who may do what' },
  'access-review:run': { scope: 'org', does: 'Run an access review' },
  'access-review:attest': { scope: 'org', does: 'Attest in an access review' },
  'access-review:read': { scope: 'org', does: 'Read access reviews' },
  'auditor:appoint': { scope: 'org', does: 'Appoint an auditor, whom a second person confirms' },
  'privacy-officer:appoint': { scope: 'org', does: 'Appoint a privacy officer, whom a second person confirms' },
  'legal-hold:place': { scope: 'org', does: 'Place a legal hold' },
  'legal-hold:release': { scope: 'org', does: 'Release a legal hold, which another person has placed' },
  'subject:export': { scope: 'org', does: "Export a person's data" },
  'subject:erase': { scope: 'org', does: "Erase a person's data" },

  // oneself
  'own-decision:evaluate': { scope: 'self', does: 'Ask what oneself may do' },
  'own-usage:read': { scope: 'self', does: 'Read the own usage' },
  'own-blocked-request:read': { scope: 'self', does: 'Read the own blocked requests' },
  'own-invitation:answer': { scope: 'self', does: 'Accept and decline invitations to oneself' },
  'own-api-key:manage': { scope: 'self', does: 'Manage the own API keys' },
} as const satisfies Record<string, Action>;

export type Permission = keyof typeof actions;

/** A permission's entry, in the type that all of them have. */
export const actionOf = (permission: Permission): Action => actions[permission];

export function isPermission(name: string): name is Permission {
  return Object.hasOwn(actions, name);
}
