import { z } from 'zod';
import { instant, slug, text } from '#libs/domain/text.js';
import { auditLogOf } from '#projections/audit-log/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { next, ofOrg, onOrg, page, query } from './query-row.js';

const word = text(200).optional();
const revisionKey = z.string().regex(/^\d{1,18}$/);

const entry = z.object({
  revision: z.string(),
  eventId: z.string(),
  position: z.string(),
  occurredAt: z.string(),
  actor: z.string(),
  credential: z.string().nullable(),
  action: z.string(),
  commandId: z.string(),
  event: z.string(),
  targets: z.array(z.string()),
  environment: z.string().nullable(),
  outcome: z.string(),
  role: z.string().nullable(),
  correlation: z.string().nullable(),
  data: z.unknown(),
});

export const auditQueries = {
  Audit: query({
    path: '/v1/orgs/{orgId}/audit',
    summary: 'The audit trail of an organization, newest first',
    params: ofOrg,
    filter: page.extend({
      actor: word,
      action: word.meta({ description: "A command's name" }),
      target: word,
      outcome: word,
      from: instant.optional(),
      to: instant.optional(),
      environment: slug.optional(),
      correlation: word,
      credential: word,
    }),
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({ entries: z.array(entry), next }),
    ask: async ({ orgId }, { limit, cursor, ...filter }, { services }) => {
      const scope = ['Audit', orgId, Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1))];
      const before = keyFrom(cursor, scope, revisionKey);
      const rows = await auditLogOf(services.reads, orgId, filter, { before, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => row.revision);
      const entries = items.map((row) => ({
        revision: row.revision,
        eventId: row.event_id,
        position: `${row.commit}/${row.prepare}`,
        occurredAt: row.occurred_at,
        actor: row.actor,
        credential: row.credential,
        action: row.command,
        commandId: row.command_id,
        event: row.event_type,
        targets: row.targets,
        environment: row.environment_id,
        outcome: row.outcome,
        role: row.role,
        correlation: row.correlation,
        data: row.data,
      }));
      return { entries, ...rest };
    },
  }),
} as const;
