import { type CommandTable, onOrg, onRealm } from './row.js';

export const organizationRows = {
  CreateOrg: {
    target: 'realm',
    summary: 'Create an organization and name its owner',
    example: { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' },
    needs: onRealm('org:create'),
    joins: ({ ownerId }) => ownerId,
    names: ({ name }) => name,
    creates: 'orgId',
  },
  UpdateOrg: {
    target: 'org',
    summary: "Edit the organization's name, its description or both; an empty or null description is none",
    example: { name: 'Acme Corporation', description: 'Makers of everything' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:update')],
    names: ({ name }, { org }) => (name === org.name ? undefined : name),
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
  SetOrgPlan: {
    target: 'org',
    summary: "Set the organization's plan; what it limits takes nothing away that is there",
    example: { plan: 'advanced' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:set-plan')],
  },
  ChangeSubscription: {
    target: 'org',
    summary: "Change the organization's plan, as the organization itself",
    example: { plan: 'advanced' },
    needs: ({ orgId }) => [onOrg(orgId, 'subscription:manage')],
  },
  ChangeOrgScheme: {
    target: 'org',
    summary:
      "Move the organization to another version of its realm's role scheme; a dry run tells who gains and loses what",
    example: { schemeId: 'enterprise', version: 2 },
    needs: ({ orgId }) => [onOrg(orgId, 'org:change-scheme')],
  },
  DeleteOrg: {
    target: 'org',
    summary: 'Delete the organization with everything in it; its history stays, and its id is never used again',
    example: {},
    needs: ({ orgId }) => [onOrg(orgId, 'org:delete')],
  },
  RequestOwnershipTransfer: {
    target: 'org',
    summary: 'Ask for the ownership to be transferred, by whoever may do that',
    example: { toUserId: 'carol' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:request-transfer')],
  },
  TransferOrgOwnership: {
    target: 'org',
    summary: 'Make an admin the owner; the former owner becomes an admin',
    example: { toUserId: 'carol' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:transfer')],
  },
} as const satisfies Partial<CommandTable>;
