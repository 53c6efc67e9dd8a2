import type { z } from 'zod';
import type { schemeDocument } from '#libs/domain/schemes/scheme.js';

/** A small role scheme that is sound: stewards, who run an organization, and readers. */
export const exampleScheme: z.input<typeof schemeDocument> = {
  id: 'library',
  version: 1,
  roles: [
    {
      key: 'platform.admin',
      title: 'Platform admin',
      scope: 'platform',
      permissions: [
        'org:create',
        'org:list',
        'org:resolve',
        'org:change-scheme',
        'role-scheme:define',
        'platform-role:assign',
      ],
    },
    {
      key: 'org.owner',
      title: 'Steward',
      scope: 'org',
      inherits: ['org.participant'],
      permissions: [
        'member:manage',
        'member:list',
        'environment:create',
        'environment:grant',
        'audit:read',
        'decision:search',
      ],
      holders: { min: 1, max: null },
      assignedWith: 'member:manage',
      removedWith: 'member:manage',
    },
    {
      key: 'org.participant',
      title: 'Reader',
      scope: 'org',
      permissions: ['org:view', 'org:leave'],
      assignedWith: 'member:manage',
      removedWith: 'member:manage',
    },
    {
      key: 'environment.user',
      title: 'User of a shelf',
      scope: 'environment',
      permissions: ['environment:see', 'environment:use'],
    },
  ],
  sources: { record: true, idpGroup: 'platform.admin', emailAllowlist: { role: 'platform.admin', breakGlass: true } },
  implicit: [{ from: 'org.owner', to: 'environment.user' }],
  grants: [{ on: 'environment', grantee: ['user', 'group'], effect: 'environment.user' }],
  tenancy: { orgsPerUser: 1 },
  orgCreation: { by: 'platform', ownerRole: 'org.owner' },
  platformReach: { content: false, audit: true, usage: false, actsAsOrgAdmin: false },
  refusals: { audit: 'all', style: 'forbid' },
};
