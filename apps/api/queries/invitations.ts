import { z } from 'zod';
import { type Invitation, invitationsOf, invitationsTo } from '#projections/invitations/queries.js';
import { organizationsNamed } from '#projections/organizations/queries.js';
import { addressesOf } from '#projections/people/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { organizationNames } from './organization-names.js';
import { MAX_LIMIT, next, nothing, ofOrg, onOrg, page, query, slugKey } from './query-row.js';

const invitedTo = z.object({ environmentId: z.string(), role: z.string().optional() });
const invitation = z.object({
  id: z.string(),
  /** Null once it was erased. */
  email: z.string().nullable(),
  role: z.string(),
  environments: z.array(invitedTo),
  /** An invitation that is pending and past its time is `expired`. */
  status: z.enum(['pending', 'expired', 'accepted', 'declined', 'canceled']),
  invitedAt: z.string(),
  invitedBy: z.string(),
  expiresAt: z.string(),
  acceptedBy: z.string().optional(),
});

function shown(row: Invitation, email: string | null, at: number): z.input<typeof invitation> {
  const expired = row.status === 'pending' && Date.parse(row.expires_at) <= at;
  return {
    id: row.invitation_id,
    email,
    role: row.role,
    environments: z.array(invitedTo).parse(row.environments),
    status: expired ? 'expired' : invitation.shape.status.parse(row.status),
    invitedAt: row.invited_at,
    invitedBy: row.invited_by,
    expiresAt: row.expires_at,
    ...(row.accepted_by === null ? {} : { acceptedBy: row.accepted_by }),
  };
}

export const invitationQueries = {
  Invitations: query({
    path: '/v1/orgs/{orgId}/invitations',
    summary: 'The invitations of an organization, by id',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('member:invite', params)],
    answer: z.object({ invitations: z.array(invitation), next }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['Invitations', orgId];
      const after = keyFrom(cursor, scope, slugKey);
      const rows = await invitationsOf(services.reads, orgId, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.invitation_id);
      const addresses = await addressesOf(
        services.reads,
        orgId,
        items.map((row) => row.email_index),
      );
      const at = services.clock.now();
      return {
        invitations: items.map((row) => shown(row, addresses.get(row.email_index) ?? null, at)),
        ...rest,
      };
    },
  }),

  OwnInvitations: query({
    path: '/v1/me/invitations',
    summary: 'Invitations that wait for an answer of the caller, by the verified address of the token; 200 at most',
    params: nothing,
    filter: nothing,
    needs: () => [],
    answer: z.object({
      invitations: z.array(
        z.object({
          id: z.string(),
          organization: z.object({ id: z.string(), name: z.string() }),
          role: z.string(),
          environments: z.array(invitedTo),
          expiresAt: z.string(),
        }),
      ),
    }),
    ask: async (_, __, { caller, services }) => {
      if (caller.token.email === null) return { invitations: [] };
      const indexes = services.emailIndexes(caller.token.email);
      const at = new Date(services.clock.now()).toISOString();
      const rows = await invitationsTo(services.reads, indexes, at, MAX_LIMIT);
      const orgIds = [...new Set(rows.map((row) => row.org_id))];
      const found = await organizationsNamed(services.reads, caller.realm, orgIds);
      const nameOf = await organizationNames(services.reads, found);
      const names = new Map(found.map((row) => [row.org_id, nameOf(row)]));
      const invitations = rows.flatMap((row) => {
        const name = names.get(row.org_id);
        // Of another realm, or deleted since.
        if (name === undefined) return [];
        const environments = z.array(invitedTo).parse(row.environments);
        const organization = { id: row.org_id, name };
        return [{ id: row.invitation_id, organization, role: row.role, environments, expiresAt: row.expires_at }];
      });
      return { invitations };
    },
  }),
} as const;
