import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
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
  /** Of an organization: which of its streams, separated by commas; all of them unless given. */
  readonly category?: string | undefined;
}

/** The streams whose events are the audit log of an organization. */
export const auditCategories = ['org', 'activity', 'usage'] as const;
export type AuditCategory = (typeof auditCategories)[number];

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

/** Those of them whose entries the filter asks for. */
export const auditedStreams = (orgId: string, { category }: Pick<AuditFilter, 'category'> = {}): readonly string[] => {
  const asked = category?.split(',');
  return auditCategories.filter((each) => asked?.includes(each) !== false).map((each) => streamOf(each, orgId));
};

/** The same of a realm. */
const auditedStreamsOfRealm = (realm: string): readonly string[] => [
  streamOf('realm', realm),
  streamOf('activity', realmActivity(realm)),
];

/** Entries of an organization, of its activity and of its usage in one order, that of the log. */
export function auditLogOf(db: Database, orgId: string, filter: AuditFilter, page: AuditPage): Promise<AuditEntry[]> {
  return auditLogOfStreams(db, auditedStreams(orgId, filter), filter, page);
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

/** Each stream gives no more than a page, from an index in the order of the page. */
async function auditLogOfStreams(db: Database, streams: readonly string[], filter: AuditFilter, page: AuditPage) {
  const { order = 'desc', limit } = page;
  const [first, ...others] = streams.map((stream) =>
    db.selectFrom(entriesOf(db, stream, filter, page).as('entries')).selectAll(),
  );
  if (first === undefined) return [];
  return others
    .reduce((all, each) => all.unionAll(each), first)
    .orderBy('commit', order)
    .orderBy('prepare', order)
    .limit(limit)
    .execute();
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
 * index serves. In an activity and in usage, which several processes write by their own clocks, each entry's own instant
 * counts, and the range of places is as much wider as these clocks, and the time that an append takes, may differ.
 */
function between(query: Entries, stream: string, { from, to }: AuditFilter): Entries {
  const ordered = parseStream(stream).category === 'org';
  const [place, at] = [sql.ref('audit_entries.commit'), sql.ref('audit_entries.occurred_at')];
  let bounded = query;
  if (from !== undefined)
    bounded = ordered
      ? bounded.where(sql<boolean>`${place} >= ${placeAt(stream, sql`>= ${instantOf(from)}`, 'first')}`)
      : bounded
          .where(sql<boolean>`${at} >= ${instantOf(from)}`)
          .where(
            sql<boolean>`${place} > coalesce(${placeAt(stream, sql`< ${instantOf(from)} - ${apart}`, 'last')}, -1)`,
          );
  if (to !== undefined)
    bounded = ordered
      ? bounded.where(sql<boolean>`${place} <= ${placeAt(stream, sql`< ${instantOf(to)}`, 'last')}`)
      : bounded
          .where(sql<boolean>`${at} < ${instantOf(to)}`)
          .where(
            sql<boolean>`${place} < coalesce(${placeAt(stream, sql`>= ${instantOf(to)} + ${apart}`, 'first')}, ${beyond})`,
          );
  return bounded;
}

/** How far the instants of entries of several processes may be from the order of the log. */
const apart = sql`interval '10 minutes'`;
/** Of every place. */
const beyond = sql`9223372036854775807`;

/** The place of the first or last entry whose instant is as said. */
function placeAt(stream: string, instant: RawBuilder<unknown>, end: 'first' | 'last') {
  const way = sql.raw(end === 'first' ? 'asc' : 'desc');
  return sql`(select commit from ${sql.table('audit_entries')} one where one.stream = ${stream} and one.occurred_at ${instant}
    order by one.occurred_at ${way}, one.commit ${way} limit 1)`;
}

/** Postgres knows no year 0. */
const instantOf = (text: string) => sql`${text < '0001' ? '0001-01-01T00:00:00.000Z' : text}::timestamptz`;

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
