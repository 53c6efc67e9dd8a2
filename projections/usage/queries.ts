import { sql } from 'kysely';
import { streamOf } from '#libs/application/streams.js';
import { type Meter, meterKey } from '#libs/domain/usage/meters.js';
import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { qualified, readSchema, type RowOf, type TablesOf } from '#libs/readstore/table.js';
import { type blockedRequests, usageByDay, usageMeters } from './usage.js';

/** The values of these meters, by key; meters without a row are absent. */
export async function metersOf(
  db: Database,
  orgId: string,
  meters: readonly Meter[],
): Promise<ReadonlyMap<string, number>> {
  if (meters.length === 0) return new Map();
  const query = `select scope, period, measure, value from ${qualified(readSchema, usageMeters.name)}
    where stream = $1 and (scope, period, measure) in (select * from unnest($2::text[], $3::text[], $4::text[]))`;
  const wanted = [
    meters.map(({ scope }) => scope),
    meters.map(({ period }) => period),
    meters.map(({ measure }) => measure),
  ];
  const rows = await rowsOf<RowOf<typeof usageMeters>>(db, query, [streamOf('usage', orgId), ...wanted]);
  return new Map(rows.map((row) => [meterKey(row), Number(row.value)]));
}

/** What usage is told by. */
export type UsageDimension = 'day' | 'user_id' | 'environment_id' | 'model';

export interface UsageSpan {
  /** The first and the last day. */
  readonly from: string;
  readonly to: string;
  /** Of this person alone. */
  readonly userId?: string | undefined;
}

/** Sums as text: they may be larger than a number holds exactly. */
export interface UsageSums {
  /** The day, or the id or name that it is told by; empty where none was told. */
  readonly key: string;
  readonly currency: string;
  readonly requests: string;
  readonly runs: string;
  readonly input_tokens: string;
  readonly output_tokens: string;
  readonly credits: string;
  readonly cost: string;
  /** Requests under the organization's own keys. */
  readonly byok_requests: string;
}

const sums = ['requests', 'runs', 'input_tokens', 'output_tokens']
  .map((column) => `sum(${column})::text as ${column}`)
  .concat(
    ['credits', 'cost'].map(
      (column) => `coalesce(sum(${column}) filter (where paid_by = 'platform'), 0)::text as ${column}`,
    ),
  )
  .concat("coalesce(sum(requests) filter (where paid_by = 'organization'), 0)::text as byok_requests")
  .join(', ');

const where = `stream = $1 and day between $2 and $3 and ($4::text is null or user_id = $4)`;
const from = qualified(readSchema, usageByDay.name);
const valuesOf = (orgId: string, span: UsageSpan) => [
  streamOf('usage', orgId),
  span.from,
  span.to,
  span.userId ?? null,
];

/** Everything of the span, a row for each currency. */
export const totalsOf = (db: Database, orgId: string, span: UsageSpan): Promise<UsageSums[]> =>
  rowsOf(
    db,
    `select '' as key, currency, ${sums} from ${from} where ${where} group by currency order by currency`,
    valuesOf(orgId, span),
  );

/** A row for each key and currency; of so many keys, which come after the last one of the page before. */
export const usageBy = (
  db: Database,
  orgId: string,
  by: UsageDimension,
  span: UsageSpan,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<UsageSums[]> =>
  rowsOf(
    db,
    `with keys as (select distinct ${by} as key from ${from}
        where ${where} and ($5::text is null or ${by} > $5) order by key limit $6)
      select key, currency, ${sums} from ${from} join keys on key = ${by} where ${where}
      group by key, currency order by key, currency`,
    [...valuesOf(orgId, span), after ?? null, limit],
  );

/** What was used under a person's id in any organization, whatever its realm. */
export const usageUnder = (db: Database, userId: string): Promise<UsedUnder[]> =>
  rowsOf(
    db,
    `select stream, day, environment_id, provider, model, paid_by, currency,
        requests::text, runs::text, input_tokens::text, output_tokens::text, credits::text, cost::text
      from ${from} where user_id = $1
      order by stream, day, environment_id, provider, model, paid_by, currency`,
    [userId],
  );

export type UsedUnder = Readonly<Omit<RowOf<typeof usageByDay>, 'user_id'>>;

export type BlockedRequest = RowOf<typeof blockedRequests>;

/** The same of requests that were blocked. */
export const blockedRequestsUnder = (db: Database, userId: string): Promise<BlockedRequest[]> =>
  db
    .withTables<TablesOf<typeof blockedRequests>>()
    .selectFrom('blocked_requests')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('stream')
    .orderBy('revision')
    .execute();

/** Requests that were blocked, the youngest first; `before` is the revision of the last one of the page before. */
export async function blockedRequestsOf(
  db: Database,
  orgId: string,
  { userId, before, limit }: { userId?: string | undefined; before?: string | undefined; limit: number },
): Promise<BlockedRequest[]> {
  let query = db
    .withTables<TablesOf<typeof blockedRequests>>()
    .selectFrom('blocked_requests')
    .selectAll()
    .where('stream', '=', streamOf('usage', orgId));
  if (userId !== undefined) query = query.where('user_id', '=', userId);
  if (before !== undefined) query = query.where(sql<boolean>`revision < ${before}::bigint`);
  return query.orderBy('revision', 'desc').limit(limit).execute();
}
