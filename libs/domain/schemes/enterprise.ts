import { administering, auditing, beingOneself, commonRoles, operating } from './common.js';
import { schemeDocument } from './scheme.js';

/**
 * Organizations provisioned by the platform; one owner, admins, participants; environments granted one by one;
 * a personal environment for everyone. Matrix rows T-M01 to T-M28. Options: admins appoint admins (X1), ownership moves to an
 * admin only (X16), groups are managed by admins (X3), the platform's admins reach neither content nor audit (K13, K14).
 */
export const enterprise = schemeDocument.parse({
  id: 'enterprise',
  version: 1,
  roles: [
    {
      key: 'platform.admin',
      title: 'Platform admin',
      scope: 'platform',
      permissions: [
        ...operating,
        'org:create',
        'org:update',
        'org:delete',
        'org:transfer',
        'org:set-plan',
        'platform-model:manage',
      ],
    },
    {
      key: 'org.owner',
      title: 'Owner',
      scope: 'org',
      inherits: ['org.admin'],
      permissions: ['org:request-transfer', 'admin:appoint'],
      holders: { min: 1, max: 1 },
      assignedWith: 'org:transfer',
      removedWith: 'owner:remove',
    },
    {
      key: 'org.admin',
      title: 'Admin',
      scope: 'org',
      inherits: ['org.participant'],
      permissions: [
        ...administering,
        ...auditing,
        'provider-key:manage',
        'member:manage',
        'group:manage',
        'member:set-role',
        'admin:remove',
        'environment:create',
        'environment:delete',
        'environment:update',
        'environment:configure',
        'environment:connect-oauth',
        'environment:grant',
      ],
      assignedWith: 'admin:appoint',
      removedWith: 'admin:remove',
    },
    {
      key: 'org.participant',
      title: 'Participant',
      scope: 'org',
      permissions: ['org:view', 'org:select', 'org:leave'],
      assignedWith: 'member:manage',
      removedWith: 'member:manage',
    },
    {
      key: 'environment.user',
      title: 'User of an environment',
      scope: 'environment',
      permissions: ['environment:see', 'environment:use', 'workflow:move'],
    },
    {
      key: 'self.person',
      title: 'Oneself',
      scope: 'self',
      permissions: [...beingOneself, 'environment:see', 'environment:use', 'workflow:move'],
    },
    ...commonRoles({ erasing: true }),
  ],
  sources: {
    record: true,
    everyone: ['self.person'],
    default: 'org.participant',
    idpGroup: 'platform.admin',
    emailAllowlist: { role: 'platform.admin', breakGlass: true },
    teamMembership: [{ team: 'alpha', roles: ['owner', 'admin'], role: 'platform.admin' }],
    systemUser: 'platform.admin',
    workflow: { environment: 'environment.user' },
  },
  implicit: [{ from: 'org.admin', to: 'environment.user' }],
  grants: [{ on: 'environment', grantee: ['user', 'group'], effect: 'environment.user' }],
  tenancy: { orgsPerUser: 1, personalEnvironment: true },
  orgCreation: { by: 'platform', ownerRole: 'org.owner' },
  models: 'own_provider_keys',
  transfer: { role: 'org.owner', target: ['org.admin'], former: 'org.admin' },
  platformReach: { content: false, audit: false, usage: false, actsAsOrgAdmin: false },
  refusals: { audit: 'none', style: 'forbid' },
  options: [
    {
      key: 'admins-appoint-admins',
      title: 'Admins appoint admins, as the owner does (T-M15, X1)',
      on: true,
      gives: [{ role: 'org.admin', permissions: ['admin:appoint'] }],
    },
    {
      key: 'admins-rename-org',
      title: 'The owner and admins rename the organization, as the platform does (T47)',
      on: false,
      gives: [{ role: 'org.admin', permissions: ['org:update'] }],
    },
    {
      key: 'admins-read-content',
      title: "The owner and admins read the organization's content (T-M14)",
      on: true,
      gives: [{ role: 'org.admin', permissions: ['org-content:read'] }],
    },
    {
      key: 'participants-read-content',
      title: "Participants read the organization's content (T-M14)",
      on: false,
      gives: [{ role: 'org.participant', permissions: ['org-content:read'] }],
    },
    {
      key: 'users-connect-oauth',
      title: 'Users of an environment manage its OAuth connections (T-M19)',
      on: false,
      gives: [{ role: 'environment.user', permissions: ['environment:connect-oauth'] }],
    },
  ],
});
