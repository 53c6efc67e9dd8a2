import { type CommandTable, onEnvironment } from './row.js';

export const environmentCredentialRows = {
  IssueEnvironmentCredential: {
    target: 'org',
    summary: "Issue an environment's virtual key, which is shown in this answer and never again",
    example: { environmentId: 'production' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
  },
  RotateEnvironmentCredential: {
    target: 'org',
    summary:
      "Issue another virtual key in the place of an environment's present one, which is accepted for a while longer",
    example: { environmentId: 'production', overlapSeconds: 3600 },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
  },
  RevokeEnvironmentCredential: {
    target: 'org',
    summary: "Revoke an environment's virtual key at once, with one that it replaces",
    example: { environmentId: 'production' },
    needs: (situation) => [onEnvironment(situation, 'environment:configure')],
  },
} as const satisfies Partial<CommandTable>;
