import { z } from 'zod';
import { addressIndexesIn, type PersonalEvent, personalEventsOf } from '#libs/application/erasure/personal-events.js';
import { streamOf } from '#libs/application/streams.js';
import { realmOf, type OrgDocument } from '#libs/domain/access/documents.js';
import { slug } from '#libs/domain/text.js';
import { documentsOf } from '#projections/access-documents/queries.js';
import { invitationsBy } from '#projections/invitations/queries.js';
import { membershipsOfUser } from '#projections/members/queries.js';
import { addressesOf, organizationsInviting, peopleNamed } from '#projections/people/queries.js';
import { originsIn } from './subject-origins.js';
import { subjectUsage, usageIn } from './subject-usage.js';
import { csvCell } from './audit-csv.js';
import { type Asking, MAX_LIMIT, nothing, onOrg, query, stale, userKey } from './query-row.js';

const answer = z.object({
  userId: z.string(),
  exportedAt: z.string(),
  events: z
    .array(
      z.object({
        revision: z.string(),
        type: z.string(),
        occurredAt: z.string(),
        data: z.record(z.string(), z.unknown()),
      }),
    )
    .meta({
      description: "The person's own stream, decrypted: identities, names, addresses, and what tokens have shown",
    }),
  memberships: z.array(z.object({ orgId: z.string(), role: z.string(), since: z.string() })),
  invitations: z
    .array(
      z.object({
        orgId: z.string(),
        invitationId: z.string(),
        email: z.string().nullable(),
        role: z.string(),
        status: z.string(),
        invitedAt: z.string(),
      }),
    )
    .meta({ description: 'To any address that the person was ever known by' }),
  origins: z
    .array(
      z.object({
        address: z.string().nullable(),
        agent: z.string().nullable(),
        first: z.string(),
        last: z.string(),
        events: z.int(),
        justifications: z.array(z.string()),
      }),
    )
    .meta({ description: 'From where the person sent what the audit logs hold, and why' }),
  ...subjectUsage,
});
type Answer = z.input<typeof answer>;

/** One line for each value, so that no column is missing for anything that is known: `source,at,field,value`. */
function csvOf({ events, memberships, invitations, origins, usage, blockedRequests }: Answer): string {
  const lines = [['source', 'at', 'field', 'value']];
  const add = (source: string, at: string, fields: Readonly<Record<string, unknown>>) => {
    for (const [field, value] of Object.entries(fields))
      lines.push([source, at, field, typeof value === 'string' ? value : JSON.stringify(value ?? null)]);
  };
  for (const { type, occurredAt, data } of events) add(type, occurredAt, data);
  for (const { since, ...membership } of memberships) add('membership', since, membership);
  for (const { invitedAt, ...invitation } of invitations) add('invitation', invitedAt, invitation);
  for (const { first, ...from } of origins) add('origin', first, from);
  for (const { day, ...used } of usage) add('usage', day, used);
  for (const { at, ...request } of blockedRequests) add('blocked request', at, request);
  return lines.map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}
const page = { type: 'text/csv', write: csvOf };

/** `within` one organization, or everywhere. */
async function exportOf(
  { services, caller, correlation }: Asking,
  userId: string,
  { within, events, recordedIn }: { within?: string; events: readonly PersonalEvent[]; recordedIn: string | undefined },
): Promise<Answer> {
  const { reads } = services;
  const [known] = await peopleNamed(reads, [userId]);
  const present = known?.email == null ? [] : services.emailIndexes(known.email);
  const indexes = [...new Set([...present, ...addressIndexesIn(events, services.personalData)])];
  const memberships = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const rows = await membershipsOfUser(reads, userId, { after, limit: MAX_LIMIT });
    memberships.push(...rows.filter(({ org_id: id }) => within === undefined || id === within));
    after = rows.length < MAX_LIMIT ? undefined : rows.at(-1)?.org_id;
  }
  const inviting = within === undefined ? await organizationsInviting(reads, indexes) : [within];
  const invitations = [];
  for (const row of await invitationsBy(reads, inviting, indexes)) {
    const addresses = await addressesOf(reads, row.org_id, [row.email_index]);
    invitations.push({
      orgId: row.org_id,
      invitationId: row.invitation_id,
      email: addresses.get(row.email_index) ?? null,
      role: row.role,
      status: row.status,
      invitedAt: row.invited_at,
    });
  }
  await services.recordedReads.subjectExported({ caller, orgId: recordedIn, correlation }, userId);
  return {
    userId,
    exportedAt: new Date(services.clock.now()).toISOString(),
    events: [...events],
    origins: await originsIn(services, userId, within),
    ...(await usageIn(services, { realm: caller.realm, userId, within })),
    memberships: memberships.map(({ org_id: orgId, role, since }) => ({ orgId, role, since })),
    invitations,
  };
}

const ofPerson = z.strictObject({ userId: userKey });

/** GDPR 15 and 20: everything that stands under the person's keys, for the person and for who answers for the data. */
export const subjectExportQueries = {
  OwnExport: query({
    path: '/v1/me/export',
    summary: 'Everything that is known of the caller, as JSON or CSV; recorded',
    params: nothing,
    filter: nothing,
    needs: () => [],
    answer,
    page,
    ask: async (_, __, asking) => {
      const { services, caller } = asking;
      const events = await personalEventsOf(services.store, services.personalData, caller.id);
      return exportOf(asking, caller.id, { events, recordedIn: undefined });
    },
  }),

  SubjectExport: query({
    path: '/v1/realm/people/{userId}/export',
    summary: 'Everything that is known of a person, as JSON or CSV; recorded',
    params: ofPerson,
    filter: nothing,
    needs: () => [{ permission: 'platform-subject:export', resource: { kind: 'realm' } }],
    answer,
    page,
    ask: async ({ userId }, _, asking) => {
      const { services, caller } = asking;
      const events = await personalEventsOf(services.store, services.personalData, userId);
      const [person] = await peopleNamed(services.reads, [userId]);
      if (events.length === 0 || (person !== undefined && person.realm !== caller.realm)) return undefined;
      return exportOf(asking, userId, { events, recordedIn: undefined });
    },
  }),

  MemberExport: query({
    path: '/v1/orgs/{orgId}/members/{userId}/export',
    summary:
      'What is known of a member, as JSON or CSV; recorded. Where people may belong to several organizations, only what ' +
      'concerns this one',
    params: ofPerson.extend({ orgId: slug }),
    filter: nothing,
    needs: (params) => [onOrg('subject:export', params)],
    restsOn: ({ orgId }) => [streamOf('usage', orgId)],
    answer,
    page,
    ask: async ({ orgId, userId }, _, asking) => {
      const { services, caller } = asking;
      const documents = await documentsOf(services.reads, orgId, 'org', ['']);
      const org = documents.get('') as OrgDocument | undefined;
      const member = (await documentsOf(services.reads, orgId, 'member', [userId])).get(userId);
      if (org === undefined || member === undefined || realmOf(org) !== caller.realm) return undefined;
      // All versions that a realm has agree on this.
      const scheme = await services.reading.schemeOf(caller.realm, asking.after);
      if (scheme === undefined) return stale;
      const alone = scheme.document.tenancy.orgsPerUser === 1;
      const events = alone ? await personalEventsOf(services.store, services.personalData, userId) : [];
      return exportOf(asking, userId, { within: orgId, events, recordedIn: orgId });
    },
  }),
} as const;
