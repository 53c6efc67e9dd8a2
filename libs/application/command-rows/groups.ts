import { type CommandTable, onOrg } from './row.js';

const needs = ({ orgId }: { orgId: string }) => [onOrg(orgId, 'group:manage')];

export const groupRows = {
  CreateGroup: {
    target: 'org',
    summary: 'Create a group of members',
    example: { groupId: 'infrastructure', name: 'Infrastructure' },
    needs,
    creates: 'groupId',
  },
  RenameGroup: {
    target: 'org',
    summary: 'Rename a group',
    example: { groupId: 'infrastructure', name: 'Platform engineering' },
    needs,
  },
  DeleteGroup: {
    target: 'org',
    summary: 'Delete a group, with every grant given to it',
    example: { groupId: 'infrastructure' },
    needs,
  },
  AddGroupMember: {
    target: 'org',
    summary: 'Put a member into a group',
    example: { groupId: 'infrastructure', userId: 'bob' },
    needs,
  },
  RemoveGroupMember: {
    target: 'org',
    summary: 'Take a member out of a group',
    example: { groupId: 'infrastructure', userId: 'bob' },
    needs,
  },
} as const satisfies Partial<CommandTable>;
