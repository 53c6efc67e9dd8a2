import { administering, auditing, beingOneself, commonRoles, operating } from './common.js';
import { schemeDocument } from './scheme.js';

/**
 * Platform admins over all organizations, org admins confined to theirs, members who serve themselves; roles driven by the
 * identity provider's claims; every refusal audited. Matrix rows G-M01 to G-M20.
 */
export const gateway = schemeDocument.parse({
  id: 'gateway',
  version: 1,
  children: ['project'],
  roles: [
    {
      key: 'platform.admin',
      title: 'Platform admin',
      scope: 'platform',
      permissions: [
        ...operating,
        ...auditing,
        'usage:read',
        'org:create',
        'org:delete',
        'admin:appoint',
        'admin:remove',
        'pricing:set',
      ],
    },
    {
      key: 'org.admin',
      title: 'Org admin',
      scope: 'org',
      inherits: ['org.member'],
      permissions: [
        ...administering,
        ...auditing,
        'usage:read',
        'org:update',
        'member:invite',
        'member:manage',
        'member:set-role',
        'provider-key:manage',
        'routing:manage',
        'budget:manage',
        'guardrail:manage',
        'mcp-server:manage',
        'sso:manage',
        'environment:create',
        'environment:see',
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
      permissions: ['org:view', 'org:select', 'org:leave'],
      assignedWith: 'member:manage',
      removedWith: 'member:manage',
    },
    {
      key: 'self.person',
      title: 'Own consumer',
      scope: 'self',
      permissions: [...beingOneself, 'own-usage:read', 'own-blocked-request:read'],
    },
    ...commonRoles({ erasing: false }),
  ],
  sources: {
    record: true,
    everyone: ['self.person'],
    default: 'org.member',
    idpGroup: 'platform.admin',
    emailAllowlist: { role: 'platform.admin', breakGlass: true },
    systemUser: 'platform.admin',
  },
  tenancy: { orgsPerUser: null },
  orgCreation: { by: 'platform', ownerRole: 'org.admin' },
  platformReach: { content: false, audit: true, usage: true, actsAsOrgAdmin: true },
  refusals: { audit: 'all', style: 'forbid' },
  options: [
    {
      key: 'admins-appoint-admins',
      title: 'Org admins appoint org admins of their own organization (G-M03)',
      on: false,
      gives: [{ role: 'org.admin', permissions: ['admin:appoint', 'admin:remove'] }],
    },
    {
      key: 'admins-manage-member-keys',
      title: "Org admins manage other members' API keys (G-M19)",
      on: true,
      gives: [{ role: 'org.admin', permissions: ['member-api-key:manage'] }],
    },
    {
      key: 'platform-manages-member-keys',
      title: "Platform admins manage members' API keys (G-M19)",
      on: false,
      gives: [{ role: 'platform.admin', permissions: ['member-api-key:manage'] }],
    },
  ],
});
