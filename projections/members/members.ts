import { projection } from '#libs/readstore/projection.js';
import { bigint, table, text, timestamptz } from '#libs/readstore/table.js';

export const members = table(
  'members',
  {
    org_id: text,
    user_id: text,
    role: text,
    since: timestamptz,
    /** Of the event that last changed the role. */
    revision: bigint,
  },
  { key: ['org_id', 'user_id'], indexes: [{ columns: ['user_id', 'org_id'] }] },
);

export const membersProjection = projection({
  name: 'members',
  version: 1,
  tables: [members],
  on: {
    org: {
      OrgCreated: ({ streamId, data, occurredAt, revision }, write) =>
        write.put(members, {
          org_id: streamId,
          user_id: data.owner.userId,
          role: data.owner.role,
          since: occurredAt,
          revision,
        }),
      MemberAdded: ({ streamId, data, occurredAt, revision }, write) =>
        write.put(members, { org_id: streamId, user_id: data.userId, role: data.role, since: occurredAt, revision }),
      MemberRoleChanged: ({ streamId, data, revision }, write) =>
        write.patch(members, { org_id: streamId, user_id: data.userId }, { role: data.role, revision }),
      MemberRemoved: ({ streamId, data }, write) => write.remove(members, { org_id: streamId, user_id: data.userId }),
      OrgOwnershipTransferred: ({ streamId, data, revision }, write) => {
        write.patch(members, { org_id: streamId, user_id: data.from }, { role: data.left, revision });
        write.patch(members, { org_id: streamId, user_id: data.to }, { role: data.role, revision });
      },
    },
  },
});
