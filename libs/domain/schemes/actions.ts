/**
 * The one catalogue of permissions for all schemes; the same meaning has the same name in each.
 * These are the AuthZEN action names. `scope` is the widest thing that a permission is asked of.
 */
export const actions = {
  'org:create': { scope: 'realm', does: 'Create an organization' },
  'org:list': { scope: 'realm', does: 'List all organizations' },
  'org:resolve': { scope: 'org', does: 'Resolve any organization by id' },
  'org:delete': { scope: 'org', does: 'Delete an organization' },
  'org:transfer': { scope: 'org', does: 'Transfer the ownership of an organization' },
  'org:request-transfer': { scope: 'org', does: 'Ask for the ownership to be transferred' },
  'org:set-plan': { scope: 'org', does: "Set an organization's plan" },
  'org:view': { scope: 'org', does: 'See the organization' },
  'org-content:read': { scope: 'org', does: "Read the organization's content" },
  'provider-key:manage': { scope: 'org', does: 'Manage AI provider keys' },
  'member:list': { scope: 'org', does: 'See the list of members' },
  'member:manage': { scope: 'org', does: 'Add and remove members' },
  'admin:appoint': { scope: 'org', does: 'Appoint an admin' },
  'admin:remove': { scope: 'org', does: 'Remove an admin' },
  'owner:remove': { scope: 'org', does: 'Remove or demote the owner' },
  'environment:create': { scope: 'org', does: 'Create an environment' },
  'environment:delete': { scope: 'environment', does: 'Delete an environment' },
  'environment:update': { scope: 'environment', does: 'Rename or reconfigure an environment' },
  'environment:configure': { scope: 'environment', does: 'Configure models and MCP servers of an environment' },
  'environment:connect-oauth': { scope: 'environment', does: "Manage an environment's OAuth connections" },
  'environment:grant': { scope: 'environment', does: 'Grant and revoke access to an environment' },
  'environment:see': { scope: 'environment', does: 'See an environment' },
  'environment:use': { scope: 'environment', does: 'Use an environment' },
  'workflow:move': { scope: 'environment', does: 'Move an own workflow into an environment' },
  'audit:read': { scope: 'org', does: 'Read the audit trail' },
  'decision:evaluate': { scope: 'org', does: 'Ask what others may do' },
} as const satisfies Record<string, { scope: 'realm' | 'org' | 'environment'; does: string }>;

export type Permission = keyof typeof actions;

export function isPermission(name: string): name is Permission {
  return Object.hasOwn(actions, name);
}
