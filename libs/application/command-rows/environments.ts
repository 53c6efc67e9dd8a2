import { overrideTakes } from '#libs/domain/schemes/escalations.js';
import { type CommandTable, onEnvironment, onOrg } from './row.js';

export const environmentRows = {
  CreateEnvironment: {
    target: 'org',
    summary: 'Create an environment',
    example: { environmentId: 'production', name: 'Production' },
    needs: ({ orgId }) => [onOrg(orgId, 'environment:create')],
    creates: 'environmentId',
  },
  UpdateEnvironment: {
    target: 'org',
    summary: 'Rename an environment',
    example: { environmentId: 'production', name: 'Production, Europe' },
    needs: (situation) => [onEnvironment(situation, 'environment:update')],
  },
  DeleteEnvironment: {
    target: 'org',
    summary: 'Delete an environment with its models and grants',
    example: { environmentId: 'production' },
    needs: (situation) => [onEnvironment(situation, 'environment:delete')],
  },
  GrantEnvironmentAccess: {
    target: 'org',
    summary: 'Grant a member, or a group of them, the use of an environment, for a time or for good',
    example: { environmentId: 'production', grantee: { type: 'user', id: 'bob' } },
    needs: (situation) => [
      onEnvironment(situation, 'environment:grant'),
      ...(situation.input.role === undefined
        ? []
        : [onEnvironment(situation, overrideTakes(situation.scheme.document))]),
    ],
  },
  RevokeEnvironmentAccess: {
    target: 'org',
    summary: 'Revoke the use of an environment',
    example: { environmentId: 'production', grantee: { type: 'user', id: 'bob' } },
    needs: (situation) => [onEnvironment(situation, 'environment:grant')],
  },
  AddModel: {
    target: 'org',
    summary: 'Add an AI model to an environment',
    example: { environmentId: 'production', modelId: 'gpt-4o', provider: 'openai', name: 'GPT-4o' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
    creates: 'modelId',
  },
  RemoveModel: {
    target: 'org',
    summary: 'Remove an AI model from an environment',
    example: { environmentId: 'production', modelId: 'gpt-4o' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
  },
  AddMcpServer: {
    target: 'org',
    summary: 'Add an MCP server to an environment',
    example: { environmentId: 'production', serverId: 'crm', name: 'CRM', url: 'https://mcp.acme.test/crm' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
    creates: 'serverId',
  },
  RemoveMcpServer: {
    target: 'org',
    summary: 'Remove an MCP server from an environment',
    example: { environmentId: 'production', serverId: 'crm' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
  },
  ConnectOAuth: {
    target: 'org',
    summary: 'Record that an environment acts through an OAuth connection; its tokens are kept elsewhere',
    example: { environmentId: 'production', connectionId: 'drive', provider: 'google', name: 'Shared drive' },
    needs: (situation) => [onEnvironment(situation, 'environment:connect-oauth')],
    creates: 'connectionId',
  },
  DisconnectOAuth: {
    target: 'org',
    summary: 'Record that an environment no longer acts through an OAuth connection',
    example: { environmentId: 'production', connectionId: 'drive' },
    needs: (situation) => [onEnvironment(situation, 'environment:connect-oauth')],
  },
} as const satisfies Partial<CommandTable>;
