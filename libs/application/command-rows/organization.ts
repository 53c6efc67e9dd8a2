import { type CommandTable, onOrg } from './row.js';

export const organizationRows = {
  CreateOrg: {
    target: 'realm',
    summary: 'Create an organization and name its owner',
    example: { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' },
    needs: () => [{ permission: 'org:create', resource: { kind: 'realm' } }],
    joins: ({ ownerId }) => ownerId,
    creates: 'orgId',
  },
  UpdateOrg: {
    target: 'org',
    summary: 'Rename the organization',
    example: { name: 'Acme Corporation' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:update')],
  },
  SuspendOrg: {
    target: 'org',
    summary: "Suspend the organization: until it is resumed, only the platform's roles hold anything in it",
    example: {},
    needs: ({ orgId }) => [onOrg(orgId, 'org:suspend')],
  },
  ResumeOrg: {
    target: 'org',
    summary: 'End the suspension of the organization',
    example: {},
    needs: ({ orgId }) => [onOrg(orgId, 'org:suspend')],
  },
  TransferOrgOwnership: {
    target: 'org',
    summary: 'Make an admin the owner; the former owner becomes an admin',
    example: { toUserId: 'carol' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:transfer')],
  },
} as const satisfies Partial<CommandTable>;
