import { type CommandTable, type Need, onOrg } from './row.js';

const key = { keyId: 'laptop' };

export const apiKeyRows = {
  CreateApiKey: {
    target: 'org',
    summary: 'Create an own key to the organization; its text is shown in this answer alone',
    example: { ...key, notAfter: '2031-01-01T00:00:00.000Z' },
    needs: (situation) => own(situation),
    creates: 'keyId',
    issuesKey: true,
  },
  RevokeApiKey: {
    target: 'org',
    summary: 'Revoke an own key',
    example: key,
    needs: (situation) => own(situation),
  },
  RevokeMemberApiKey: {
    target: 'org',
    summary: "Revoke another member's key",
    example: { ...key, userId: 'bob' },
    needs: ({ orgId }) => [onOrg(orgId, 'member-api-key:manage')],
  },
} as const satisfies Partial<CommandTable>;

/** What is theirs, in an organization that they see. */
const own = ({ orgId, actor }: { orgId: string; actor: string }): Need[] => [
  onOrg(orgId, 'org:view'),
  { permission: 'own-api-key:manage', resource: { kind: 'account', ownerId: actor } },
];
