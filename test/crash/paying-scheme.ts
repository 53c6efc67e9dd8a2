import type { Permission } from '#libs/domain/schemes/actions.js';
import { enterprise } from '#libs/domain/schemes/enterprise.js';

const byOrganization: readonly Permission[] = [
  'billing-details:edit',
  'payment-method:save',
  'credits:buy',
  'auto-recharge:set',
  'routing:manage',
  'sso:manage',
  'budget:manage',
];
const added: Readonly<Record<string, readonly Permission[]>> = {
  'org.admin': byOrganization,
  'platform.admin': ['invoice:record', 'usage:record'],
};

/** The realm's own, which organizations begin under: as `enterprise`, and admins pay, and configure what they may elsewhere. */
export const paying = {
  ...enterprise,
  id: 'paying',
  version: 1,
  roles: enterprise.roles.map((role) => ({
    ...role,
    permissions: [...role.permissions, ...(added[role.key] ?? [])],
  })),
};
