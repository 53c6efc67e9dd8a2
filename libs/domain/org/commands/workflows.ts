import { z } from 'zod';
import type { WorkflowDocument } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import { slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import type { CompiledScheme } from '../../schemes/compiled.js';
import type { OrgState } from '../org.js';

const one = z.strictObject({ workflowId: slug });
/** An environment of the organization; without one, the owner's personal environment. */
const place = slug.optional();

export const workflowCommands = {
  RegisterWorkflow: orgCommand(
    z.strictObject({ workflowId: slug.optional(), environmentId: place, name: text(200) }),
    (state, { workflowId, environmentId, name }, { newId, actor, scheme }) => {
      const missing = missingPlace(state, environmentId, actor, scheme);
      if (missing !== undefined) return missing;
      const id = workflowId ?? newId;
      const present = state.workflows.get(id);
      const data = { workflowId: id, name, ownerId: actor };
      if (present === undefined)
        return environmentId === undefined
          ? [{ type: 'PersonalWorkflowRegistered', data }]
          : [{ type: 'WorkflowRegistered', data: { ...data, environmentId } }];
      const same = present.environmentId === environmentId && present.name === name && present.ownerId === actor;
      return present.status === 'active' && same ? [] : refuse('workflow_exists');
    },
  ),

  MoveWorkflow: orgCommand(
    one.extend({ environmentId: place }),
    (state, { workflowId, environmentId }, { actor, scheme }) => {
      const found = ownWorkflow(state, workflowId, actor);
      if ('refused' in found) return found;
      const missing = missingPlace(state, environmentId, actor, scheme);
      if (missing !== undefined) return missing;
      const { environmentId: from } = found;
      if (environmentId === undefined)
        return from === undefined ? [] : [{ type: 'WorkflowMadePersonal', data: { workflowId, from } }];
      if (from === undefined) return [{ type: 'WorkflowPromoted', data: { workflowId, environmentId } }];
      if (from === environmentId) return [];
      return [{ type: 'WorkflowMoved', data: { workflowId, from, environmentId } }];
    },
  ),

  RemoveWorkflow: orgCommand(one, (state, { workflowId }, { actor }) => {
    const present = state.workflows.get(workflowId);
    if (present?.status === 'removed' && present.ownerId === actor) return [];
    const found = ownWorkflow(state, workflowId, actor);
    return 'refused' in found ? found : [{ type: 'WorkflowRemoved', data: { workflowId } }];
  }),
};

/** Of another's in a personal environment nobody is told (T39, T40). */
function ownWorkflow({ workflows }: OrgState, id: string, actor: string): WorkflowDocument | Refusal {
  const found = workflows.get(id);
  if (found?.status !== 'active') return refuse('workflow_not_found');
  if (found.ownerId === actor) return found;
  return refuse(found.environmentId === undefined ? 'workflow_not_found' : 'workflow_not_owned');
}

/** Why the workflow cannot be there, if so: personal environments are where the scheme knows them, and of members. */
function missingPlace(
  { environments, members }: OrgState,
  environmentId: string | undefined,
  owner: string,
  { document }: CompiledScheme,
): Refusal | undefined {
  if (environmentId !== undefined)
    return environments.get(environmentId)?.status === 'active' ? undefined : refuse('environment_not_found');
  if (!document.tenancy.personalEnvironment) return refuse('personal_environment_unknown');
  return members.has(owner) ? undefined : refuse('member_not_found');
}
