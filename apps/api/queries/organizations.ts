import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import type { MemberDocument } from '#libs/domain/access/documents.js';
import { parkedAmong } from '#libs/readstore/parked-streams.js';
import { documentsOf } from '#projections/access-documents/queries.js';
import { membersOf, membershipsOfUser } from '#projections/members/queries.js';
import {
  type Organization,
  organization,
  organizationsNamed,
  organizationsOfRealm,
} from '#projections/organizations/queries.js';
import { peopleNamed } from '#projections/people/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { organizationNames } from './organization-names.js';
import { type Asking, next, nothing, ofOrg, onOrg, page, query, slugKey, stale, userKey } from './query-row.js';

const org = z.object({
  id: z.string(),
  name: z.string(),
  /** Absent where there is none. */
  description: z.string().optional(),
  ownerId: z.string(),
  scheme: z.object({ id: z.string(), version: z.int() }),
  createdAt: z.string(),
  /** Since when it is suspended; absent where it is not. */
  suspendedAt: z.string().optional(),
  /** Absent until one was set. */
  plan: z.string().optional(),
  /** Whom the owner asked the ownership to be transferred to; absent where nobody asked. */
  transferRequestedTo: z.string().optional(),
  /** The caller's own role; absent where the organization is seen by a platform role, and while it is parked. */
  role: z.string().optional(),
  /** Its read models stand still: this is how it was then. */
  parked: z.literal(true).optional(),
});

const assignment = z.object({
  role: z.string(),
  notAfter: z.string().optional(),
  /** Until then it holds nothing. */
  confirmed: z.boolean(),
});

function assignedTo({ assignments = {} }: Partial<MemberDocument> = {}) {
  const listed = Object.entries(assignments).map(([role, { notAfter, confirmed }]) => ({
    role,
    ...(notAfter === undefined ? {} : { notAfter }),
    confirmed,
  }));
  return listed.length === 0 ? {} : { assignments: listed };
}

const shown = (row: Organization, name: string): z.input<typeof org> => ({
  id: row.org_id,
  name,
  ...(row.description === null ? {} : { description: row.description }),
  ownerId: row.owner_id,
  scheme: { id: row.scheme_id, version: row.scheme_version },
  createdAt: row.created_at,
  ...(row.suspended_at === null ? {} : { suspendedAt: row.suspended_at }),
  ...(row.plan === null ? {} : { plan: row.plan }),
  ...(row.transfer_requested_to === null ? {} : { transferRequestedTo: row.transfer_requested_to }),
});

const realm = { permission: 'org:list', resource: { kind: 'realm' } } as const;

export const organizationQueries = {
  Organizations: query({
    path: '/v1/orgs',
    summary: "The caller's organizations; all of them for those who may list all",
    params: nothing,
    filter: page,
    needs: () => [],
    answer: z.object({ organizations: z.array(org), next }),
    ask: async (_, { limit, cursor }, asking) => {
      const { caller, after, services } = asking;
      const access = await services.reading.access(caller, realm.permission, realm.resource, after);
      if (access.kind === 'stale') return stale;
      const all = access.kind === 'allowed';
      const scope = ['Organizations', caller.id, all];
      const from = keyFrom(cursor, scope, slugKey);
      const rows = await (all ? ofRealm : own)(asking, { after: from, limit: limit + 1 });
      const { items: organizations, ...rest } = pageOf(rows, limit, scope, ({ id }) => id);
      return { organizations, ...rest };
    },
  }),

  Organization: query({
    path: '/v1/orgs/{orgId}',
    summary: 'One organization',
    params: ofOrg,
    filter: nothing,
    needs: (params) => [onOrg('org:view', params), onOrg('org:resolve', params)],
    answer: org,
    ask: async ({ orgId }, _, { services }) => {
      const row = await organization(services.reads, orgId);
      return row && shown(row, (await organizationNames(services.reads, [row]))(row));
    },
  }),

  Members: query({
    path: '/v1/orgs/{orgId}/members',
    summary: 'The members of an organization, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('member:list', params)],
    answer: z.object({
      members: z.array(
        z.object({
          id: z.string(),
          role: z.string(),
          since: z.string(),
          /** Since when the member is suspended; absent where not. */
          suspendedAt: z.string().optional(),
          /** Roles beside the one of the membership; absent where there are none. */
          assignments: z.array(assignment).optional(),
          email: z.string().nullable(),
          name: z.string().nullable(),
        }),
      ),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['Members', orgId];
      const rows = await membersOf(services.reads, orgId, { after: keyFrom(cursor, scope, userKey), limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.user_id);
      const ids = items.map((row) => row.user_id);
      // The access documents' own projection wrote them, from the domain's type.
      const documents = await documentsOf(services.reads, orgId, 'member', ids);
      const people = new Map((await peopleNamed(services.reads, ids)).map((person) => [person.user_id, person]));
      const members = items.map(({ user_id: id, role, since, suspended_at: suspendedAt }) => {
        const person = people.get(id);
        const suspended = suspendedAt === null ? {} : { suspendedAt };
        const assigned = assignedTo(documents.get(id) as MemberDocument | undefined);
        return { id, role, since, ...suspended, ...assigned, email: person?.email ?? null, name: person?.name ?? null };
      });
      return { members, ...rest };
    },
  }),
} as const;

interface Keyset {
  readonly after: string | undefined;
  readonly limit: number;
}

async function ofRealm({ caller, services }: Asking, keyset: Keyset): Promise<z.input<typeof org>[]> {
  const rows = await organizationsOfRealm(services.reads, caller.realm, keyset);
  const nameOf = await organizationNames(services.reads, rows);
  return marked(
    rows.map((row) => shown(row, nameOf(row))),
    services,
  );
}

export async function own({ caller, services }: Asking, keyset: Keyset): Promise<z.input<typeof org>[]> {
  const memberships = await membershipsOfUser(services.reads, caller.id, keyset);
  const roles = new Map(memberships.map((membership) => [membership.org_id, membership.role]));
  const rows = await organizationsNamed(services.reads, caller.realm, [...roles.keys()]);
  const nameOf = await organizationNames(services.reads, rows);
  return marked(
    rows.map((row) => ({ ...shown(row, nameOf(row)), role: roles.get(row.org_id) })),
    services,
  );
}

async function marked(orgs: readonly z.input<typeof org>[], { reads }: Asking['services']) {
  const standing = await parkedAmong(
    reads,
    orgs.map(({ id }) => streamOf('org', id)),
  );
  return orgs.map(({ role, ...rest }): z.input<typeof org> => {
    if (standing.has(streamOf('org', rest.id))) return { ...rest, parked: true };
    return role === undefined ? rest : { ...rest, role };
  });
}
