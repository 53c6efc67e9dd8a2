import { type SelectQueryBuilder, sql } from 'kysely';
import { parseStream, streamOf } from '#libs/application/streams.js';
import { realmActivity } from '#libs/domain/activity/activity.js';
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

/** A place in the log: `commit/prepare` in decimal. */
export interface Place {
  readonly commit: string;
  readonly prepare: string;
}

export interface AuditPage {
  /** `desc`, newest first, unless given. */
  readonly order?: 'asc' | 'desc';
  /** The entries stand before this place, and after that one: where the page before ended, so that new entries never move a page. */
  readonly before?: Place | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

type Tables = TablesOf<typeof auditEntries> & TablesOf<typeof auditTargets>;
type Entries = SelectQueryBuilder<Tables, 'audit_entries', AuditEntry>;

/** The streams whose events are the audit log of an organization. */
export const auditedStreams = (orgId: string): readonly [string, string] => [
  streamOf('org', orgId),
  streamOf('activity', orgId),
];

/** The same of a realm. */
const auditedStreamsOfRealm = (realm: string): readonly [string, string] => [
  streamOf('realm', realm),
  streamOf('activity', realmActivity(realm)),
];

/** Entries of an organization and of its activity in one order, that of the log. */
export function auditLogOf(db: Database, orgId: string, filter: AuditFilter, page: AuditPage): Promise<AuditEntry[]> {
  return auditLogOfStreams(db, auditedStreams(orgId), filter, page);
}

/** The same of a realm. */
export function auditLogOfRealm(
  db: Database,
  realm: string,
  filter: AuditFilter,
  page: AuditPage,
): Promise<AuditEntry[]> {
  return auditLogOfStreams(db, auditedStreamsOfRealm(realm), filter, page);
}

function auditLogOfStreams(
  db: Database,
  [own, activity]: readonly [string, string],
  filter: AuditFilter,
  page: AuditPage,
) {
  return merged(db, [entriesOf(db, own, filter, page), entriesOf(db, activity, filter, page)], page);
}

/** The entries of one of the streams. */
export function auditedStream(
  db: Database,
  stream: string,
  filter: AuditFilter,
  page: AuditPage,
): Promise<AuditEntry[]> {
  return entriesOf(db, stream, filter, page).execute();
}

/** Each stream gives no more than a page, from an index in the order of the page. */
function merged(db: Database, pages: readonly [Entries, Entries], { order = 'desc', limit }: AuditPage) {
  const [one, other] = pages;
  return db
    .selectFrom(one.as('one'))
    .selectAll()
    .unionAll(db.selectFrom(other.as('other')).selectAll())
    .orderBy('commit', order)
    .orderBy('prepare', order)
    .limit(limit)
    .execute();
}

function entriesOf(db: Database, stream: string, filter: AuditFilter, page: AuditPage): Entries {
  const { order = 'desc', before, after, limit } = page;
  let query: Entries = db
    .withTables<Tables>()
    .selectFrom('audit_entries')
    .selectAll('audit_entries')
    .where('audit_entries.stream', '=', stream);
  // Of the table that the query is entered from: only that one's index can begin there.
  const entered = filter.target === undefined ? 'audit_entries' : 'audit_targets';
  const place = sql`(${sql.ref(`${entered}.commit`)}, ${sql.ref(`${entered}.prepare`)})`;
  if (before !== undefined) query = query.where(sql<boolean>`${place} < ${inSql(before)}`);
  if (after !== undefined) query = query.where(sql<boolean>`${place} > ${inSql(after)}`);
  for (const [field, column] of equalities) {
    const wanted = filter[field];
    if (wanted !== undefined) query = query.where(column, '=', wanted);
  }
  query = withTarget(query, filter.target);
  query = between(query, stream, filter);
  return query.orderBy('audit_entries.commit', order).orderBy('audit_entries.prepare', order).limit(limit);
}

const inSql = ({ commit, prepare }: Place) => sql`(${commit}::bigint, ${prepare}::bigint)`;

const equalities = [
  ['actor', 'audit_entries.actor'],
  ['action', 'audit_entries.command'],
  ['outcome', 'audit_entries.outcome'],
  ['environment', 'audit_entries.environment_id'],
  ['correlation', 'audit_entries.correlation'],
  ['credential', 'audit_entries.credential'],
] as const satisfies readonly (readonly [keyof AuditFilter, string])[];

/** Entered from the index of targets, which holds this target's places in order. */
function withTarget(query: Entries, target: string | undefined): Entries {
  if (target === undefined) return query;
  return query
    .innerJoin('audit_targets', (join) =>
      join
        .onRef('audit_targets.stream', '=', 'audit_entries.stream')
        .onRef('audit_targets.commit', '=', 'audit_entries.commit')
        .onRef('audit_targets.prepare', '=', 'audit_entries.prepare'),
    )
    .where('audit_targets.target', '=', target);
}

/**
 * Instants never decrease within an organization's stream, so a range of instants is a range of places, which the cursor's
 * index serves. In an activity, which several processes write by their own clocks, each entry's own instant counts.
 */
function between(query: Entries, stream: string, { from, to }: AuditFilter): Entries {
  const ordered = parseStream(stream).category === 'org';
  let bounded = query;
  if (from !== undefined)
    bounded = ordered
      ? bounded.where(({ eb, selectFrom }) =>
          eb(
            'audit_entries.commit',
            '>=',
            selectFrom('audit_entries as first')
              .select('first.commit')
              .where('first.stream', '=', stream)
              .where('first.occurred_at', '>=', storable(from))
              .orderBy('first.occurred_at')
              .orderBy('first.commit')
              .limit(1),
          ),
        )
      : bounded.where('audit_entries.occurred_at', '>=', storable(from));
  if (to !== undefined)
    bounded = ordered
      ? bounded.where(({ eb, selectFrom }) =>
          eb(
            'audit_entries.commit',
            '<=',
            selectFrom('audit_entries as last')
              .select('last.commit')
              .where('last.stream', '=', stream)
              .where('last.occurred_at', '<', storable(to))
              .orderBy('last.occurred_at', 'desc')
              .orderBy('last.commit', 'desc')
              .limit(1),
          ),
        )
      : bounded.where('audit_entries.occurred_at', '<', storable(to));
  return bounded;
}

/** Postgres knows no year 0. */
const storable = (instant: string) => (instant < '0001' ? '0001-01-01T00:00:00.000Z' : instant);

export type ActedFrom = Pick<AuditEntry, 'stream' | 'commit' | 'prepare' | 'correlation' | 'occurred_at'> & {
  readonly origin: string;
};

/** What a person did in any organization or realm, with the sealed origin of each request; a page, by stream and place. */
export function originsOf(
  db: Database,
  actor: string,
  after: ActedFrom | undefined,
  limit: number,
): Promise<ActedFrom[]> {
  let query = db
    .withTables<Tables>()
    .selectFrom('audit_entries')
    .select(['stream', 'commit', 'prepare', 'correlation', 'occurred_at', 'origin'])
    .where('actor', '=', actor)
    .where('origin', 'is not', null);
  if (after !== undefined)
    query = query.where(
      sql<boolean>`(stream, commit, prepare) > (${after.stream}, ${after.commit}::bigint, ${after.prepare}::bigint)`,
    );
  return query
    .$narrowType<{ origin: string }>()
    .orderBy('stream')
    .orderBy('commit')
    .orderBy('prepare')
    .limit(limit)
    .execute();
}

/** Ids of the organizations that have an event about the person, by id. */
export async function organizationsNaming(
  db: Database,
  userId: string,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const query = db.withTables<TablesOf<typeof auditTargets>>().selectFrom('audit_targets').select('org_id').distinct();
  const rows = await query
    .where('target', '=', userId)
    // As the index says it: what was only tried is no event about anybody.
    .where(sql<boolean>`stream like 'org-%'`)
    .where('org_id', '>', after)
    .orderBy('org_id')
    .limit(limit)
    .execute();
  return rows.map(({ org_id: id }) => id);
}
