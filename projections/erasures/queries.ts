import type { PendingErasure } from '#libs/application/ports/erasures.js';
import type { Database } from '#libs/readstore/database.js';
import type { TablesOf } from '#libs/readstore/table.js';
import type { erasedPeople, erasureRequests } from './erasures.js';

type Tables = TablesOf<typeof erasureRequests> & TablesOf<typeof erasedPeople>;

/** A request, and how far it came. */
export interface Erasure {
  readonly userId: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
  /** Null until then; an erasure before the request does not count. */
  readonly erasedAt: string | null;
  readonly verifiedAt: string | null;
}

const withOutcome = (db: Database) =>
  db
    .withTables<Tables>()
    .selectFrom('erasure_requests')
    .leftJoin('erased_people', (join) =>
      join
        .onRef('erased_people.user_id', '=', 'erasure_requests.user_id')
        .onRef('erased_people.commit', '>', 'erasure_requests.commit'),
    );

/** Requests that are not verified yet, the oldest first. All of them: any may wait for long, and none for another. */
export async function pendingErasures(db: Database): Promise<PendingErasure[]> {
  const rows = await withOutcome(db)
    .select(['request_id', 'erasure_requests.user_id', 'realm', 'requested_by', 'command', 'correlation'])
    .where('verified_at', 'is', null)
    .orderBy('erasure_requests.commit')
    .execute();
  return rows.map((row) => ({
    requestId: row.request_id,
    userId: row.user_id,
    realm: row.realm,
    requestedBy: row.requested_by,
    command: row.command,
    correlation: row.correlation,
  }));
}

/** What an organization or realm has asked for, by person; `after` is the last person of the page before. */
export async function erasuresOf(
  db: Database,
  stream: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<Erasure[]> {
  const query = withOutcome(db)
    .select(['erasure_requests.user_id', 'requested_by', 'requested_at', 'erased_at', 'verified_at'])
    .where('stream', '=', stream);
  const rest = after === undefined ? query : query.where('erasure_requests.user_id', '>', after);
  const rows = await rest.orderBy('erasure_requests.user_id').limit(limit).execute();
  return rows.map((row) => ({
    userId: row.user_id,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    erasedAt: row.erased_at,
    verifiedAt: row.verified_at,
  }));
}

/** Ids of destroyed keys, as the log says, with the person whom they were of; `after` is the last person of the page before. */
export async function destroyedKeys(
  db: Database,
  { after, limit }: { after: string; limit: number },
): Promise<{ userId: string; keyIds: readonly string[] }[]> {
  const query = db.withTables<Tables>().selectFrom('erased_people').select(['user_id', 'key_ids']);
  const rows = await query.where('user_id', '>', after).orderBy('user_id').limit(limit).execute();
  return rows.map(({ user_id: userId, key_ids: keyIds }) => ({ userId, keyIds }));
}
