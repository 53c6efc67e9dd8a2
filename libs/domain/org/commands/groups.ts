import { z } from 'zod';
import { type GroupDocument, own } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import { principalId, slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import type { OrgState } from '../org.js';

const place = z.strictObject({ groupId: slug, userId: principalId });

export const groupCommands = {
  CreateGroup: orgCommand(
    z.strictObject({ groupId: slug.optional(), name: text(200) }),
    ({ org, groups }, { groupId, name }, { newId }) => {
      if (org.status !== 'active') return refuse('org_not_found');
      const id = groupId ?? newId;
      const present = groups.get(id);
      if (present === undefined) return [{ type: 'GroupCreated', data: { groupId: id, name } }];
      return present.status === 'active' && present.name === name ? [] : refuse('group_exists');
    },
  ),

  RenameGroup: orgCommand(z.strictObject({ groupId: slug, name: text(200) }), (state, { groupId, name }) => {
    const found = activeGroup(state, groupId);
    if ('refused' in found) return found;
    return found.name === name ? [] : [{ type: 'GroupRenamed', data: { groupId, name } }];
  }),

  DeleteGroup: orgCommand(z.strictObject({ groupId: slug }), ({ groups, environments }, { groupId }) => {
    const present = groups.get(groupId);
    if (present === undefined) return refuse('group_not_found');
    if (present.status === 'deleted') return [];
    const granted = [...environments.values()].filter(({ groupGrants }) => own(groupGrants, groupId) !== undefined);
    // By id, for the order of a fold's map depends on its past.
    const revoked = granted
      .map(({ id }) => id)
      .sort()
      .map((environmentId): OrgEvent => {
        const data = { environmentId, grantee: { type: 'group' as const, id: groupId } };
        return { type: 'EnvironmentAccessRevoked', data };
      });
    return [...revoked, { type: 'GroupDeleted', data: { groupId } }];
  }),

  AddGroupMember: orgCommand(place, (state, { groupId, userId }) => {
    const found = activeGroup(state, groupId);
    if ('refused' in found) return found;
    const member = state.members.get(userId);
    if (member === undefined) return refuse('member_not_found');
    return isIn(member.groups, groupId) ? [] : [{ type: 'GroupMemberAdded', data: { groupId, userId } }];
  }),

  RemoveGroupMember: orgCommand(place, (state, { groupId, userId }) => {
    const found = activeGroup(state, groupId);
    if ('refused' in found) return found;
    const present = isIn(state.members.get(userId)?.groups, groupId);
    return present ? [{ type: 'GroupMemberRemoved', data: { groupId, userId } }] : [];
  }),
};

const isIn = (groups: Readonly<Record<string, string>> | undefined, groupId: string): boolean =>
  groups !== undefined && own(groups, groupId) !== undefined;

/** The group, or why nothing can be done with it. */
export function activeGroup({ groups }: OrgState, id: string): GroupDocument | Refusal {
  const found = groups.get(id);
  return found?.status === 'active' ? found : refuse('group_not_found');
}
