import { projection } from '#libs/readstore/projection.js';
import { bigint, nullable, table, text, timestamptz } from '#libs/readstore/table.js';

export const members = table(
  'members',
  {
    org_id: text,
    user_id: text,
    role: text,
    since: timestamptz,
    /** Null where the member is not suspended. */
    suspended_at: nullable(timestamptz),
    /** Of the event that last changed this row. */
    revision: bigint,
  },
  {
    key: ['org_id', 'user_id'],
    indexes: [{ columns: ['user_id', 'org_id'] }, { columns: ['org_id', 'role', 'user_id'] }],
  },
);

export const membersProjection = projection({
  name: 'members',
  version: 3,
  tables: [members],
  on: {
    org: {
      OrgCreated: ({ streamId, data, occurredAt, revision }, write) =>
        write.put(members, joined(streamId, data.owner, occurredAt, revision)),
      MemberAdded: ({ streamId, data, occurredAt, revision }, write) =>
        write.put(members, joined(streamId, data, occurredAt, revision)),
      InvitationAccepted: ({ streamId, data, occurredAt, revision }, write) =>
        write.put(members, joined(streamId, data, occurredAt, revision)),
      MemberRoleChanged: ({ streamId, data, revision }, write) =>
        write.patch(members, { org_id: streamId, user_id: data.userId }, { role: data.role, revision }),
      MemberRemoved: ({ streamId, data }, write) => write.remove(members, { org_id: streamId, user_id: data.userId }),
      MemberSuspended: ({ streamId, data, occurredAt, revision }, write) =>
        write.patch(members, { org_id: streamId, user_id: data.userId }, { suspended_at: occurredAt, revision }),
      MemberResumed: ({ streamId, data, revision }, write) =>
        write.patch(members, { org_id: streamId, user_id: data.userId }, { suspended_at: null, revision }),
      OrgDeleted: ({ streamId }, write) => write.remove(members, { org_id: streamId }),
      OrgOwnershipTransferred: ({ streamId, data, revision }, write) => {
        write.patch(members, { org_id: streamId, user_id: data.from }, { role: data.left, revision });
        write.patch(members, { org_id: streamId, user_id: data.to }, { role: data.role, revision });
      },
    },
  },
});

const joined = (
  org_id: string,
  { userId: user_id, role }: { userId: string; role: string },
  since: string,
  revision: bigint,
) => ({ org_id, user_id, role, since, suspended_at: null, revision });
