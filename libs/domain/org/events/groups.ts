import { z } from 'zod';
import { principalId, slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { changedGroup, changedMember, group, member, withGroup, without } from '../org.js';

const named = z.strictObject({ groupId: slug, name: text(200) });
const place = z.strictObject({ groupId: slug, userId: principalId });

// Stored format: add event types and optional fields, never change them.
export const groupEvents = {
  GroupCreated: orgEvent(named, {
    targets: ({ groupId }) => [groupId],
    touches: ({ groupId }) => [group(groupId)],
    evolve: (state, { groupId, name }) => withGroup(state, { id: groupId, name, status: 'active' }),
  }),
  GroupRenamed: orgEvent(named, {
    targets: ({ groupId }) => [groupId],
    touches: ({ groupId }) => [group(groupId)],
    evolve: (state, { groupId, name }) => changedGroup(state, groupId, { name }),
  }),
  /**
   * Follows, in the same append, on the revocation of all that was granted to the group. Who was in it keeps an entry
   * that leads nowhere, for the id is never used again: so no deletion rewrites the documents of all its members.
   */
  GroupDeleted: orgEvent(z.strictObject({ groupId: slug }), {
    targets: ({ groupId }) => [groupId],
    touches: ({ groupId }) => [group(groupId)],
    evolve: (state, { groupId }) => changedGroup(state, groupId, { status: 'deleted' }),
  }),
  GroupMemberAdded: orgEvent(place, {
    targets: ({ groupId, userId }) => [groupId, userId],
    touches: ({ userId }) => [member(userId)],
    evolve: (state, { groupId, userId }, { id }) =>
      changedMember(state, userId, (found) => ({ ...found, groups: { ...found.groups, [groupId]: id } })),
  }),
  GroupMemberRemoved: orgEvent(place, {
    targets: ({ groupId, userId }) => [groupId, userId],
    touches: ({ userId }) => [member(userId)],
    evolve: (state, { groupId, userId }) =>
      changedMember(state, userId, (found) => ({ ...found, groups: without(found.groups ?? {}, groupId) })),
  }),
};
