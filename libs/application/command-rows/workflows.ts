import type { orgCommands } from '#libs/domain/org/decisions.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { z } from 'zod';
import { type CommandTable, type Need, onEnvironment, onOrg, type Situation } from './row.js';

export const workflowRows = {
  RegisterWorkflow: {
    target: 'org',
    summary:
      "Register a workflow, linked to an environment that its owner may use; to the owner's personal one by default",
    example: { workflowId: 'nightly-report', environmentId: 'production', name: 'Nightly report' },
    needs: (situation) => onPlace(situation, 'environment:use'),
    creates: 'workflowId',
  },
  MoveWorkflow: {
    target: 'org',
    summary: "Link an own workflow to another environment instead; without one, to the owner's personal environment",
    example: { workflowId: 'nightly-report', environmentId: 'production' },
    needs: (situation) => onPlace(situation, 'workflow:move'),
  },
  RemoveWorkflow: {
    target: 'org',
    summary: 'Remove an own workflow',
    example: { workflowId: 'nightly-report' },
    needs: ({ orgId }) => [onOrg(orgId, 'org:view')],
  },
} as const satisfies Partial<CommandTable>;

type Placed = Situation<'org', z.output<(typeof orgCommands)['RegisterWorkflow' | 'MoveWorkflow']>>;

/** Asked of the environment; where none is named of the sender's own, who has to be of the organization (T42). */
function onPlace({ input: { environmentId }, ...situation }: Placed, permission: Permission): readonly Need[] {
  if (environmentId !== undefined) return [onEnvironment({ ...situation, input: { environmentId } }, permission)];
  const { orgId, scheme, actor } = situation;
  const view = onOrg(orgId, 'org:view');
  if (!scheme.document.tenancy.personalEnvironment) return [view];
  return [{ permission, resource: { kind: 'personal_environment', ownerId: actor } }, view];
}
