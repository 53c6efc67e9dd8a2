import type { SelectQueryBuilder } from 'kysely';
import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { auditEntries, auditTargets } from './audit-log.js';

export type AuditEntry = RowOf<typeof auditEntries>;

export interface AuditFilter {
  readonly actor?: string | undefined;
  /** The command's name. */
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly outcome?: string | undefined;
  /** RFC 3339 in UTC; the first instant that counts. */
  readonly from?: string | undefined;
  /** RFC 3339 in UTC; the first instant that no longer counts. */
  readonly to?: string | undefined;
  readonly environment?: string | undefined;
  readonly correlation?: string | undefined;
  readonly credential?: string | undefined;
}

type Tables = TablesOf<typeof auditEntries> & TablesOf<typeof auditTargets>;
type Entries = SelectQueryBuilder<Tables, 'audit_entries', AuditEntry>;

/** Entries newest first. `before` is the last revision of the page before: new entries never move a page. */
export async function auditLogOf(
  db: Database,
  orgId: string,
  filter: AuditFilter,
  page: { before?: string | undefined; limit: number },
): Promise<AuditEntry[]> {
  let query: Entries = db
    .withTables<Tables>()
    .selectFrom('audit_entries')
    .selectAll('audit_entries')
    .where('audit_entries.org_id', '=', orgId);
  if (page.before !== undefined) query = query.where('audit_entries.revision', '<', page.before);
  for (const [field, column] of equalities) {
    const wanted = filter[field];
    if (wanted !== undefined) query = query.where(column, '=', wanted);
  }
  query = withTarget(query, filter.target);
  query = between(query, orgId, filter);
  return query.orderBy('audit_entries.revision', 'desc').limit(page.limit).execute();
}

const equalities = [
  ['actor', 'audit_entries.actor'],
  ['action', 'audit_entries.command'],
  ['outcome', 'audit_entries.outcome'],
  ['environment', 'audit_entries.environment_id'],
  ['correlation', 'audit_entries.correlation'],
  ['credential', 'audit_entries.credential'],
] as const satisfies readonly (readonly [keyof AuditFilter, string])[];

/** Entered from the index of targets, which holds this target's revisions in order. */
function withTarget(query: Entries, target: string | undefined): Entries {
  if (target === undefined) return query;
  return query
    .innerJoin('audit_targets', (join) =>
      join
        .onRef('audit_targets.org_id', '=', 'audit_entries.org_id')
        .onRef('audit_targets.revision', '=', 'audit_entries.revision'),
    )
    .where('audit_targets.target', '=', target);
}

/** Instants never decrease within a stream, so a range of instants is a range of revisions, which the cursor's index serves. */
function between(query: Entries, orgId: string, { from, to }: AuditFilter): Entries {
  let bounded = query;
  if (from !== undefined)
    bounded = bounded.where(({ eb, selectFrom }) =>
      eb(
        'audit_entries.revision',
        '>=',
        selectFrom('audit_entries as first')
          .select('first.revision')
          .where('first.org_id', '=', orgId)
          .where('first.occurred_at', '>=', storable(from))
          .orderBy('first.occurred_at')
          .orderBy('first.revision')
          .limit(1),
      ),
    );
  if (to !== undefined)
    bounded = bounded.where(({ eb, selectFrom }) =>
      eb(
        'audit_entries.revision',
        '<=',
        selectFrom('audit_entries as last')
          .select('last.revision')
          .where('last.org_id', '=', orgId)
          .where('last.occurred_at', '<', storable(to))
          .orderBy('last.occurred_at', 'desc')
          .orderBy('last.revision', 'desc')
          .limit(1),
      ),
    );
  return bounded;
}

/** Postgres knows no year 0. */
const storable = (instant: string) => (instant < '0001' ? '0001-01-01T00:00:00.000Z' : instant);

/** Ids of the organizations that have an event about the person, by id. */
export async function organizationsNaming(
  db: Database,
  userId: string,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const query = db.withTables<TablesOf<typeof auditTargets>>().selectFrom('audit_targets').select('org_id').distinct();
  const rows = await query
    .where('target', '=', userId)
    .where('org_id', '>', after)
    .orderBy('org_id')
    .limit(limit)
    .execute();
  return rows.map(({ org_id: id }) => id);
}
