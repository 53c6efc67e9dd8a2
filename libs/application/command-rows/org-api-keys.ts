import { type CommandTable, onOrg } from './row.js';
import { giving } from './service-accounts.js';

const key = { keyId: 'exports' };

export const orgApiKeyRows = {
  CreateOrgApiKey: {
    target: 'org',
    summary: 'Create an API key of the organization itself, with a role in it; its text is shown in this answer alone',
    example: { ...key, name: 'Nightly exports', role: 'org.checker', notAfter: '2031-01-01T00:00:00.000Z' },
    needs: (situation) => [onOrg(situation.orgId, 'org-api-key:manage'), ...giving(situation, situation.input.role)],
    creates: 'keyId',
    issuesKey: true,
  },
  RevokeOrgApiKey: {
    target: 'org',
    summary: 'Revoke an API key of the organization itself, for ever',
    example: key,
    needs: ({ orgId }) => [onOrg(orgId, 'org-api-key:manage')],
  },
} as const satisfies Partial<CommandTable>;
