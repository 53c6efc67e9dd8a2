import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { bigint, integer, nullable, table, text, timestamptz } from '#libs/readstore/table.js';

export const organizations = table(
  'organizations',
  {
    org_id: text,
    realm: text,
    name: text,
    /** Null where there is none. */
    description: nullable(text),
    owner_id: text,
    scheme_id: text,
    scheme_version: integer,
    created_at: timestamptz,
    /** Null where it is not suspended. */
    suspended_at: nullable(timestamptz),
    plan: nullable(text),
    /** Whom the owner asked the ownership to be transferred to. */
    transfer_requested_to: nullable(text),
    /** Of the event that last changed this row. */
    revision: bigint,
  },
  { key: ['org_id'], indexes: [{ columns: ['realm', 'org_id'] }] },
);

export const organizationsProjection = projection({
  name: 'organizations',
  version: 5,
  tables: [organizations],
  on: {
    org: {
      OrgCreated: ({ streamId, data, metadata, occurredAt, revision }, write) =>
        write.put(organizations, {
          org_id: streamId,
          realm: required(metadata, 'realm'),
          name: data.name,
          description: null,
          owner_id: data.owner.userId,
          scheme_id: data.scheme.id,
          scheme_version: data.scheme.version,
          created_at: occurredAt,
          suspended_at: null,
          plan: null,
          transfer_requested_to: null,
          revision,
        }),
      OrgRenamed: ({ streamId, data, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { name: data.name, revision }),
      OrgDescribed: ({ streamId, data, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { description: data.description, revision }),
      OrgSuspended: ({ streamId, occurredAt, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { suspended_at: occurredAt, revision }),
      OrgResumed: ({ streamId, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { suspended_at: null, revision }),
      OrgOwnershipTransferred: ({ streamId, data, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { owner_id: data.to, transfer_requested_to: null, revision }),
      OrgPlanSet: ({ streamId, data, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { plan: data.plan, revision }),
      OrgSchemeChanged: ({ streamId, data: { scheme }, revision }, write) =>
        write.patch(
          organizations,
          { org_id: streamId },
          { scheme_id: scheme.id, scheme_version: scheme.version, revision },
        ),
      OrgOwnershipTransferRequested: ({ streamId, data, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { transfer_requested_to: data.to, revision }),
      OrgDeleted: ({ streamId }, write) => write.remove(organizations, { org_id: streamId }),
    },
  },
});
