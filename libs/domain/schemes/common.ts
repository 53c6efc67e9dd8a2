import type { z } from 'zod';
import type { Permission } from './actions.js';
import type { schemeDocument } from './scheme.js';

type RoleInput = z.input<typeof schemeDocument>['roles'][number];

/**
 * What whoever runs the deployment may do in every scheme: rows, suspending whom it serves, role schemes, realms,
 * and who may come into one and how.
 */
export const operating: readonly Permission[] = [
  'org:list',
  'org:resolve',
  'org:suspend',
  'org:change-scheme',
  'platform-role:assign',
  'role-scheme:define',
  'realm:create',
  'login-method:set',
  'sign-up:set',
  'identity-provider:set',
  'platform-service-account:manage',
  'legal-hold:place',
  'legal-hold:release',
  'realm-activity:read',
  'replay:run',
  'projection:rebuild',
  'ledger:verify',
];

/** What the owners and admins of an organization may do in every scheme: rows. */
export const administering: readonly Permission[] = [
  'member:list',
  'decision:evaluate',
  'decision:search',
  'service-account:manage',
  'access-review:run',
  'access-review:attest',
  'access-review:read',
  'auditor:appoint',
  'privacy-officer:appoint',
];

/** Row X-04. */
export const auditing: readonly Permission[] = ['audit:read', 'audit:export', 'history:read', 'evidence:create'];

const asking: readonly Permission[] = ['decision:evaluate', 'decision:search'];
const holds: readonly Permission[] = ['legal-hold:place', 'legal-hold:release'];

/** Row X-01, and what every scheme lets people do with what is theirs. */
export const beingOneself: readonly Permission[] = [
  'own-decision:evaluate',
  'own-invitation:answer',
  'own-api-key:manage',
];

/** What nobody calls the organization that they create themselves, in schemes where people do. */
export const reservedNames: readonly string[] = [
  'Admin',
  'Administrator',
  'Billing',
  'Platform',
  'Root',
  'Security',
  'Support',
  'System',
];

/**
 * Machines, auditors and privacy officers, whom the sources do not name: rows. `erasing`: whether an
 * organization's members are erased there; only where nobody can belong to another one as well, and by the platform elsewhere.
 */
export function commonRoles({ erasing }: { readonly erasing: boolean }): readonly RoleInput[] {
  const subjects: readonly Permission[] = ['subject:export', ...(erasing ? (['subject:erase'] as const) : [])];
  return [
    // What these reach in organizations is up to the scheme's `platformReach`; what the platform itself did is not.
    {
      key: 'platform.auditor',
      title: 'Platform auditor',
      scope: 'platform',
      permissions: ['realm-activity:read', ...auditing],
      confirmed: true,
    },
    {
      key: 'platform.privacy-officer',
      title: 'Platform privacy officer',
      scope: 'platform',
      permissions: [...subjects, 'platform-subject:erase', 'platform-subject:export'],
      confirmed: true,
    },
    { key: 'platform.checker', title: 'Platform service that checks', scope: 'platform', permissions: [...asking] },
    // Machines that meter and bill; nobody in an organization says what it has used or owes.
    {
      key: 'platform.meter',
      title: 'Platform service that meters and bills',
      scope: 'platform',
      permissions: ['usage:record', 'invoice:record'],
    },
    {
      key: 'org.auditor',
      title: 'Auditor',
      scope: 'org',
      permissions: ['org:view', ...auditing, ...asking, 'access-review:read'],
      assignedWith: 'auditor:appoint',
      removedWith: 'auditor:appoint',
      confirmed: true,
    },
    {
      key: 'org.privacy-officer',
      title: 'Privacy officer',
      scope: 'org',
      permissions: ['org:view', ...holds, ...subjects],
      assignedWith: 'privacy-officer:appoint',
      removedWith: 'privacy-officer:appoint',
      confirmed: true,
    },
    {
      key: 'org.checker',
      title: 'Service that checks',
      scope: 'org',
      permissions: [...asking],
      assignedWith: 'service-account:manage',
      removedWith: 'service-account:manage',
    },
  ];
}
