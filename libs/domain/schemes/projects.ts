import { administering, auditing, beingOneself, commonRoles, operating, reservedNames } from './common.js';
import { schemeDocument } from './scheme.js';

/**
 * Accounts in any number of organizations, one of them active at a time; owners, admins, members; projects and
 * environments open to all members; plans, credits and run limits. Matrix rows R-M01 to R-M22.
 */
export const projects = schemeDocument.parse({
  id: 'projects',
  version: 1,
  children: ['environment', 'project'],
  roles: [
    { key: 'platform.admin', title: 'Platform admin', scope: 'platform', permissions: [...operating, 'org:set-plan'] },
    {
      key: 'realm.account',
      title: 'Account',
      scope: 'realm',
      permissions: ['org:create'],
    },
    {
      key: 'org.owner',
      title: 'Owner',
      scope: 'org',
      inherits: ['org.admin'],
      permissions: ['owner:appoint'],
      holders: { min: 1, max: null },
      assignedWith: 'owner:appoint',
      removedWith: 'owner:remove',
    },
    {
      key: 'org.admin',
      title: 'Admin',
      scope: 'org',
      inherits: ['org.member'],
      permissions: [
        ...administering,
        ...auditing,
        'org:update',
        'member:invite',
        'member:manage',
        'member:set-role',
        'invitation:resend',
        'invitation:cancel',
        'admin:appoint',
        'admin:remove',
        'subscription:manage',
        'credits:buy',
        'payment-method:save',
        'auto-recharge:set',
        'billing:view',
        'billing:manage',
        'invoice:view',
        'usage:read',
        'environment:create',
        'environment:update',
        'environment:delete',
      ],
      assignedWith: 'admin:appoint',
      removedWith: 'admin:remove',
    },
    {
      key: 'org.member',
      title: 'Member',
      scope: 'org',
      permissions: ['org:view', 'org:select', 'org:leave', 'dashboard:view'],
      assignedWith: 'member:manage',
      removedWith: 'member:manage',
    },
    {
      key: 'environment.worker',
      title: 'Working in an environment',
      scope: 'environment',
      permissions: ['environment:see', 'environment:use', 'environment-content:view', 'rule:run'],
    },
    {
      key: 'project.worker',
      title: 'Working in a project',
      scope: 'project',
      permissions: [
        'environment:see',
        'environment:use',
        'environment-content:view',
        'environment-content:modify',
        'rule:build',
        'rule:run',
      ],
    },
    { key: 'self.person', title: 'Oneself', scope: 'self', permissions: [...beingOneself] },
    ...commonRoles({ erasing: false }),
  ],
  sources: {
    record: true,
    everyone: ['self.person', 'realm.account'],
    default: 'org.member',
    idpGroup: 'platform.admin',
    emailAllowlist: { role: 'platform.admin', breakGlass: true },
    systemUser: 'platform.admin',
    workflow: { environment: 'environment.worker', project: 'project.worker' },
  },
  implicit: [
    { from: 'org.member', to: 'environment.worker' },
    { from: 'org.member', to: 'project.worker' },
  ],
  tenancy: { orgsPerUser: null, activeOrg: true },
  orgCreation: { by: 'any_account', ownerRole: 'org.owner', reservedNames: [...reservedNames] },
  transfer: { role: 'org.owner', target: ['org.admin', 'org.member'], former: 'org.admin' },
  invitations: { batchMax: 50, forbidRoles: ['org.owner'], countPending: true, ttlHours: 168 },
  platformReach: { content: false, audit: false, usage: false, actsAsOrgAdmin: false },
  refusals: { audit: 'none', style: 'forbid' },
  // The source names the limit and leaves the numbers to its list of plans.
  plans: { starter: { runsPerMonth: 1000 }, scale: { runsPerMonth: null } },
  options: [
    {
      key: 'members-view-usage',
      title: 'Members see the plan and the usage against the run limit (R-M17, X10)',
      on: true,
      gives: [{ role: 'org.member', permissions: ['usage:read'] }],
    },
    {
      key: 'members-view-billing',
      title: 'Members see the credit balance and the billing settings (R-M18, X10)',
      on: false,
      gives: [{ role: 'org.member', permissions: ['billing:view'] }],
    },
    ...(
      [
        ['delete-org', 'delete the organization (R-M19, X11)', 'org:delete'],
        ['transfer-org', 'transfer the ownership (R-M20, X11)', 'org:transfer'],
        ['remove-owners', 'remove or demote an owner (R-M21, X11)', 'owner:remove'],
      ] as const
    ).flatMap(([key, does, permission]) => [
      {
        key: `owners-${key}`,
        title: `Owners ${does}`,
        on: true,
        gives: [{ role: 'org.owner', permissions: [permission] }],
      },
      {
        key: `admins-${key}`,
        title: `Admins ${does}`,
        on: false,
        gives: [{ role: 'org.admin', permissions: [permission] }],
      },
    ]),
  ],
});
