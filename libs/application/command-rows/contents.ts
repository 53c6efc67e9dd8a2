import { type CommandTable, onEnvironment } from './row.js';

const example = { environmentId: 'garden', content: { kind: 'product', id: 'P-2041' } } as const;

export const contentRows = {
  AssignContent: {
    target: 'org',
    summary: 'Assign a product or project to an environment; both are known by their ids alone',
    example,
    needs: (situation) => [onEnvironment(situation, 'environment-content:assign')],
  },
  UnassignContent: {
    target: 'org',
    summary: 'Take a product or project out of an environment',
    example,
    needs: (situation) => [onEnvironment(situation, 'environment-content:assign')],
  },
} as const satisfies Partial<CommandTable>;
