import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { nullable, table, text, timestamptz } from '#libs/readstore/table.js';

export const environmentAccess = table(
  'environment_access',
  {
    org_id: text,
    environment_id: text,
    grantee_type: text,
    grantee_id: text,
    /** Text, because the domain takes the year 0 and Postgres does not; the one format of instants sorts rightly. */
    not_before: nullable(text),
    not_after: nullable(text),
    /** The role in the environment that the grant names itself. */
    role: nullable(text),
    granted_by: text,
    granted_at: timestamptz,
    event_id: text,
  },
  {
    key: ['org_id', 'environment_id', 'grantee_type', 'grantee_id'],
    indexes: [{ columns: ['org_id', 'grantee_type', 'grantee_id', 'environment_id'] }],
  },
);

export const environmentAccessProjection = projection({
  name: 'environment-access',
  version: 3,
  tables: [environmentAccess],
  on: {
    org: {
      EnvironmentAccessGranted: ({ streamId, id, data, metadata, occurredAt }, write) =>
        write.put(environmentAccess, {
          org_id: streamId,
          environment_id: data.environmentId,
          grantee_type: data.grantee.type,
          grantee_id: data.grantee.id,
          not_before: data.notBefore ?? null,
          not_after: data.notAfter ?? null,
          role: data.role ?? null,
          granted_by: required(metadata, 'actor'),
          granted_at: occurredAt,
          event_id: id,
        }),
      InvitationAccepted: ({ streamId, id, data, metadata, occurredAt }, write) => {
        for (const { environmentId, role } of data.environments)
          write.put(environmentAccess, {
            org_id: streamId,
            environment_id: environmentId,
            grantee_type: 'user',
            grantee_id: data.userId,
            not_before: null,
            not_after: null,
            role: role ?? null,
            granted_by: required(metadata, 'actor'),
            granted_at: occurredAt,
            event_id: id,
          });
      },
      EnvironmentAccessRevoked: ({ streamId, data }, write) =>
        write.remove(environmentAccess, {
          org_id: streamId,
          environment_id: data.environmentId,
          grantee_type: data.grantee.type,
          grantee_id: data.grantee.id,
        }),
      OrgDeleted: ({ streamId }, write) => write.remove(environmentAccess, { org_id: streamId }),
      EnvironmentDeleted: ({ streamId, data }, write) =>
        write.remove(environmentAccess, { org_id: streamId, environment_id: data.environmentId }),
      MemberRemoved: ({ streamId, data }, write) =>
        write.remove(environmentAccess, { org_id: streamId, grantee_type: 'user', grantee_id: data.userId }),
    },
  },
});
