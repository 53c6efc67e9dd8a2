import { type CommandTable, onOrg } from './row.js';

export const providerKeyRows = {
  AddProviderKey: {
    target: 'org',
    summary: 'Add a key of an AI provider; the credential is sealed, and never told again',
    example: {
      keyId: 'openai',
      provider: 'openai',
      name: 'OpenAI, Europe',
      credential: { apiKey: 'sk-proj-example-0000' },
    },
    needs: ({ orgId }) => [onOrg(orgId, 'provider-key:manage')],
    creates: 'keyId',
  },
  RotateProviderKey: {
    target: 'org',
    summary: 'Put another credential in the place of a provider key; the one before is destroyed',
    example: { keyId: 'openai', credential: { apiKey: 'sk-proj-example-1111' } },
    needs: ({ orgId }) => [onOrg(orgId, 'provider-key:manage')],
  },
  RemoveProviderKey: {
    target: 'org',
    summary: 'Remove a provider key and destroy its credential; models that need it are invalid from then on',
    example: { keyId: 'openai' },
    needs: ({ orgId }) => [onOrg(orgId, 'provider-key:manage')],
  },
} as const satisfies Partial<CommandTable>;
