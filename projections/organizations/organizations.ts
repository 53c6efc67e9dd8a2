import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { bigint, integer, table, text, timestamptz } from '#libs/readstore/table.js';

export const organizations = table(
  'organizations',
  {
    org_id: text,
    realm: text,
    name: text,
    owner_id: text,
    scheme_id: text,
    scheme_version: integer,
    created_at: timestamptz,
    revision: bigint,
  },
  { key: ['org_id'], indexes: [{ columns: ['realm', 'org_id'] }] },
);

export const organizationsProjection = projection({
  name: 'organizations',
  version: 1,
  tables: [organizations],
  on: {
    org: {
      OrgCreated: ({ streamId, data, metadata, occurredAt, revision }, write) =>
        write.put(organizations, {
          org_id: streamId,
          realm: required(metadata, 'realm'),
          name: data.name,
          owner_id: data.owner.userId,
          scheme_id: data.scheme.id,
          scheme_version: data.scheme.version,
          created_at: occurredAt,
          revision,
        }),
      OrgOwnershipTransferred: ({ streamId, data, revision }, write) =>
        write.patch(organizations, { org_id: streamId }, { owner_id: data.to, revision }),
    },
  },
});
