import { projection } from '#libs/readstore/projection.js';
import { nullable, table, text, timestamptz } from '#libs/readstore/table.js';

export const workflows = table(
  'workflows',
  {
    org_id: text,
    workflow_id: text,
    /** Null while it is in its owner's personal environment. */
    environment_id: nullable(text),
    name: text,
    owner_id: text,
    registered_at: timestamptz,
  },
  {
    key: ['org_id', 'workflow_id'],
    indexes: [{ columns: ['owner_id'], where: 'environment_id is null' }],
  },
);

export const workflowsProjection = projection({
  name: 'workflows',
  version: 2,
  tables: [workflows],
  on: {
    org: {
      WorkflowRegistered: ({ streamId, data, occurredAt }, write) =>
        write.put(workflows, {
          org_id: streamId,
          workflow_id: data.workflowId,
          environment_id: data.environmentId,
          name: data.name,
          owner_id: data.ownerId,
          registered_at: occurredAt,
        }),
      PersonalWorkflowRegistered: ({ streamId, data, occurredAt }, write) =>
        write.put(workflows, {
          org_id: streamId,
          workflow_id: data.workflowId,
          environment_id: null,
          name: data.name,
          owner_id: data.ownerId,
          registered_at: occurredAt,
        }),
      WorkflowPromoted: ({ streamId, data: { workflowId, environmentId } }, write) =>
        write.patch(workflows, { org_id: streamId, workflow_id: workflowId }, { environment_id: environmentId }),
      WorkflowMadePersonal: ({ streamId, data: { workflowId } }, write) =>
        write.patch(workflows, { org_id: streamId, workflow_id: workflowId }, { environment_id: null }),
      WorkflowMoved: ({ streamId, data: { workflowId, environmentId } }, write) =>
        write.patch(workflows, { org_id: streamId, workflow_id: workflowId }, { environment_id: environmentId }),
      WorkflowRemoved: ({ streamId, data: { workflowId } }, write) =>
        write.remove(workflows, { org_id: streamId, workflow_id: workflowId }),
      OrgDeleted: ({ streamId }, write) => write.remove(workflows, { org_id: streamId }),
    },
  },
});
