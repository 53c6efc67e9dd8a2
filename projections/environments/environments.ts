import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { table, text, timestamptz } from '#libs/readstore/table.js';

export const environments = table(
  'environments',
  { org_id: text, environment_id: text, kind: text, name: text, created_at: timestamptz, created_by: text },
  { key: ['org_id', 'environment_id'] },
);

export const environmentModels = table(
  'environment_models',
  { org_id: text, environment_id: text, model_id: text, provider: text, name: text },
  { key: ['org_id', 'environment_id', 'model_id'] },
);

export const environmentsProjection = projection({
  name: 'environments',
  version: 3,
  tables: [environments, environmentModels],
  on: {
    org: {
      EnvironmentCreated: ({ streamId, data, metadata, occurredAt }, write) =>
        write.put(environments, {
          org_id: streamId,
          environment_id: data.environmentId,
          kind: data.kind ?? 'environment',
          name: data.name,
          created_at: occurredAt,
          created_by: required(metadata, 'actor'),
        }),
      EnvironmentRenamed: ({ streamId, data }, write) =>
        write.patch(environments, { org_id: streamId, environment_id: data.environmentId }, { name: data.name }),
      EnvironmentDeleted: ({ streamId, data }, write) => {
        write.remove(environments, { org_id: streamId, environment_id: data.environmentId });
        write.remove(environmentModels, { org_id: streamId, environment_id: data.environmentId });
      },
      OrgDeleted: ({ streamId }, write) => {
        write.remove(environments, { org_id: streamId });
        write.remove(environmentModels, { org_id: streamId });
      },
      ModelAdded: ({ streamId, data }, write) =>
        write.put(environmentModels, {
          org_id: streamId,
          environment_id: data.environmentId,
          model_id: data.modelId,
          provider: data.provider,
          name: data.name,
        }),
      ModelRemoved: ({ streamId, data }, write) =>
        write.remove(environmentModels, {
          org_id: streamId,
          environment_id: data.environmentId,
          model_id: data.modelId,
        }),
    },
  },
});
