import { type CommandTable, onOrg } from './row.js';

export const settingsRows = {
  SetRouting: {
    target: 'org',
    summary: 'Set how requests are routed to models: a document of its own, versioned',
    example: { document: { default: 'gpt-4o', fallbacks: ['claude-sonnet'] } },
    needs: ({ orgId }) => [onOrg(orgId, 'routing:manage')],
  },
  SetGuardrails: {
    target: 'org',
    summary: 'Set the guardrails: a document of its own, versioned',
    example: { document: { block: ['credit-card-numbers'] } },
    needs: ({ orgId }) => [onOrg(orgId, 'guardrail:manage')],
  },
  ConfigureSso: {
    target: 'org',
    summary: 'Configure single sign-on: the issuer, the client and the domains, without secrets; versioned',
    example: { issuer: 'https://login.acme.test', clientId: 'tenantry', domains: ['acme.test'] },
    needs: ({ orgId }) => [onOrg(orgId, 'sso:manage')],
  },
  AddOrgMcpServer: {
    target: 'org',
    summary: 'Add an MCP server to the organization as a whole',
    example: { serverId: 'search', name: 'Search', url: 'https://mcp.acme.test/search' },
    needs: ({ orgId }) => [onOrg(orgId, 'mcp-server:manage')],
    creates: 'serverId',
  },
  RemoveOrgMcpServer: {
    target: 'org',
    summary: 'Remove an MCP server from the organization as a whole',
    example: { serverId: 'search' },
    needs: ({ orgId }) => [onOrg(orgId, 'mcp-server:manage')],
  },
  SetBudget: {
    target: 'org',
    summary: 'Set the budget of the organization, of one of its environments or of a member, for each period',
    example: { amount: 50_000, currency: 'EUR', period: 'month', environmentId: 'production' },
    needs: ({ orgId }) => [onOrg(orgId, 'budget:manage')],
  },
  RemoveBudget: {
    target: 'org',
    summary: 'Remove the budget of the organization, of one of its environments or of a member',
    example: { environmentId: 'production' },
    needs: ({ orgId }) => [onOrg(orgId, 'budget:manage')],
  },
  SetWorkerSshKey: {
    target: 'org',
    summary: "Set the workers' public SSH key, as whoever runs them; the organization's admins see it",
    example: {
      publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6bq+BiOEzRmNMaQzYpcHhzmsZRFZg2vG6fNXbcV8aP',
    },
    needs: ({ orgId }) => [onOrg(orgId, 'ssh-key:set')],
  },
  SetCheckpointWitness: {
    target: 'org',
    summary:
      'Have signed checkpoints of the ledger delivered to somebody outside, who can tell if history is rewritten',
    example: { url: 'https://witness.example.com/acme' },
    needs: ({ orgId }) => [onOrg(orgId, 'auditor:appoint')],
  },
  RemoveCheckpointWitness: {
    target: 'org',
    summary: 'Deliver checkpoints to nobody any more',
    example: {},
    needs: ({ orgId }) => [onOrg(orgId, 'auditor:appoint')],
  },
} as const satisfies Partial<CommandTable>;
