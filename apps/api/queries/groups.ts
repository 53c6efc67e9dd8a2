import { z } from 'zod';
import { slug } from '#libs/domain/text.js';
import { type Group, group, groupMembersOf, groupsOf } from '#projections/groups/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, nothing, ofOrg, onOrg, page, query, slugKey, userKey } from './query-row.js';

const ofGroup = ofOrg.extend({ groupId: slug });
const shape = z.object({ id: z.string(), name: z.string(), createdAt: z.string(), createdBy: z.string() });

const shown = (row: Group): z.input<typeof shape> => ({
  id: row.group_id,
  name: row.name,
  createdAt: row.created_at,
  createdBy: row.created_by,
});

export const groupQueries = {
  Groups: query({
    path: '/v1/orgs/{orgId}/groups',
    summary: 'The groups of an organization, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('member:list', params)],
    answer: z.object({ groups: z.array(shape), next }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['Groups', orgId];
      const rows = await groupsOf(services.reads, orgId, { after: keyFrom(cursor, scope, slugKey), limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.group_id);
      return { groups: items.map(shown), ...rest };
    },
  }),

  Group: query({
    path: '/v1/orgs/{orgId}/groups/{groupId}',
    summary: 'One group',
    params: ofGroup,
    filter: nothing,
    needs: (params) => [onOrg('member:list', params)],
    answer: shape,
    ask: async ({ orgId, groupId }, _, { services }) => {
      const row = await group(services.reads, orgId, groupId);
      return row && shown(row);
    },
  }),

  GroupMembers: query({
    path: '/v1/orgs/{orgId}/groups/{groupId}/members',
    summary: 'Who is in a group, by id',
    params: ofGroup,
    filter: page,
    needs: (params) => [onOrg('member:list', params)],
    answer: z.object({
      members: z.array(z.object({ id: z.string(), addedAt: z.string(), addedBy: z.string() })),
      next,
    }),
    ask: async ({ orgId, groupId }, { limit, cursor }, { services }) => {
      if ((await group(services.reads, orgId, groupId)) === undefined) return undefined;
      const scope = ['GroupMembers', orgId, groupId];
      const after = keyFrom(cursor, scope, userKey);
      const rows = await groupMembersOf(services.reads, orgId, groupId, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.user_id);
      const members = items.map((row) => ({ id: row.user_id, addedAt: row.added_at, addedBy: row.added_by }));
      return { members, ...rest };
    },
  }),
} as const;
