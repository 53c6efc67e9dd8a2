import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { table, text, timestamptz } from '#libs/readstore/table.js';

export const groups = table(
  'groups',
  { org_id: text, group_id: text, name: text, created_at: timestamptz, created_by: text },
  { key: ['org_id', 'group_id'] },
);

export const groupMembers = table(
  'group_members',
  { org_id: text, group_id: text, user_id: text, added_at: timestamptz, added_by: text },
  { key: ['org_id', 'group_id', 'user_id'], indexes: [{ columns: ['org_id', 'user_id', 'group_id'] }] },
);

export const groupsProjection = projection({
  name: 'groups',
  version: 2,
  tables: [groups, groupMembers],
  on: {
    org: {
      GroupCreated: ({ streamId, data, metadata, occurredAt }, write) =>
        write.put(groups, {
          org_id: streamId,
          group_id: data.groupId,
          name: data.name,
          created_at: occurredAt,
          created_by: required(metadata, 'actor'),
        }),
      GroupRenamed: ({ streamId, data }, write) =>
        write.patch(groups, { org_id: streamId, group_id: data.groupId }, { name: data.name }),
      GroupDeleted: ({ streamId, data }, write) => {
        write.remove(groups, { org_id: streamId, group_id: data.groupId });
        write.remove(groupMembers, { org_id: streamId, group_id: data.groupId });
      },
      GroupMemberAdded: ({ streamId, data, metadata, occurredAt }, write) =>
        write.put(groupMembers, {
          org_id: streamId,
          group_id: data.groupId,
          user_id: data.userId,
          added_at: occurredAt,
          added_by: required(metadata, 'actor'),
        }),
      GroupMemberRemoved: ({ streamId, data }, write) =>
        write.remove(groupMembers, { org_id: streamId, group_id: data.groupId, user_id: data.userId }),
      OrgDeleted: ({ streamId }, write) => {
        write.remove(groups, { org_id: streamId });
        write.remove(groupMembers, { org_id: streamId });
      },
      MemberRemoved: ({ streamId, data }, write) =>
        write.remove(groupMembers, { org_id: streamId, user_id: data.userId }),
    },
  },
});
