import { type CommandTable, onEnvironment, onOrg } from './row.js';

export const workflowRows = {
  RegisterWorkflow: {
    target: 'org',
    summary: 'Register a workflow, linked to an environment that its owner may use',
    example: { workflowId: 'nightly-report', environmentId: 'production', name: 'Nightly report' },
    needs: (situation) => [onEnvironment(situation, 'environment:use')],
    creates: 'workflowId',
  },
  MoveWorkflow: {
    target: 'org',
    summary: 'Link an own workflow to another environment instead',
    example: { workflowId: 'nightly-report', environmentId: 'production' },
    needs: (situation) => [onEnvironment(situation, 'workflow:move')],
  },
  RemoveWorkflow: {
    target: 'org',
    summary: 'Remove an own workflow',
    example: { workflowId: 'nightly-report' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:view')],
  },
} as const satisfies Partial<CommandTable>;
