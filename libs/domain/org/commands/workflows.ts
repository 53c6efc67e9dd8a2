import { z } from 'zod';
import type { WorkflowDocument } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import { slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import type { OrgState } from '../org.js';

const one = z.strictObject({ workflowId: slug });

export const workflowCommands = {
  RegisterWorkflow: orgCommand(
    z.strictObject({ workflowId: slug.optional(), environmentId: slug, name: text(200) }),
    ({ environments, workflows }, { workflowId, environmentId, name }, { newId, actor }) => {
      if (environments.get(environmentId)?.status !== 'active') return refuse('environment_not_found');
      const id = workflowId ?? newId;
      const present = workflows.get(id);
      const data = { workflowId: id, environmentId, name, ownerId: actor };
      if (present === undefined) return [{ type: 'WorkflowRegistered', data }];
      const same = present.environmentId === environmentId && present.name === name && present.ownerId === actor;
      return present.status === 'active' && same ? [] : refuse('workflow_exists');
    },
  ),

  MoveWorkflow: orgCommand(one.extend({ environmentId: slug }), (state, { workflowId, environmentId }, { actor }) => {
    const found = ownWorkflow(state, workflowId, actor);
    if ('refused' in found) return found;
    if (state.environments.get(environmentId)?.status !== 'active') return refuse('environment_not_found');
    if (found.environmentId === environmentId) return [];
    return [{ type: 'WorkflowMoved', data: { workflowId, from: found.environmentId, environmentId } }];
  }),

  RemoveWorkflow: orgCommand(one, (state, { workflowId }, { actor }) => {
    if (state.workflows.get(workflowId)?.status === 'removed') return [];
    const found = ownWorkflow(state, workflowId, actor);
    return 'refused' in found ? found : [{ type: 'WorkflowRemoved', data: { workflowId } }];
  }),
};

function ownWorkflow({ workflows }: OrgState, id: string, actor: string): WorkflowDocument | Refusal {
  const found = workflows.get(id);
  if (found?.status !== 'active') return refuse('workflow_not_found');
  return found.ownerId === actor ? found : refuse('workflow_not_owned');
}
