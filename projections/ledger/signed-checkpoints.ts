import type { SignedCheckpoint, SignedDiscontinuity } from '#libs/application/ledger/trees.js';
import type { Database } from '#libs/readstore/database.js';
import { durableSchema } from '#libs/readstore/migrations.js';
import { rowsOf, run } from '#libs/readstore/sql.js';
import { qualified } from '#libs/readstore/table.js';

const trees = qualified(durableSchema, 'ledger_trees');
const checkpoints = qualified(durableSchema, 'ledger_checkpoints');
const discontinuities = qualified(durableSchema, 'ledger_discontinuities');

export interface SignedRow {
  readonly stream: string;
  readonly epoch: number;
  readonly size: string;
  readonly root: Buffer;
  readonly note: string;
  readonly signed_at: string;
}

/** Until the transaction ends nobody else signs this tree. */
export async function lockTree(tx: Database, stream: string): Promise<void> {
  await run(tx, `insert into ${trees} (stream) values ($1) on conflict do nothing`, [stream]);
  await run(tx, `select 1 from ${trees} where stream = $1 for update`, [stream]);
}

export async function lastCheckpoint(db: Database, stream: string): Promise<SignedRow | undefined> {
  const query = `select * from ${checkpoints} where stream = $1 order by epoch desc, size desc limit 1`;
  const [row] = await rowsOf<SignedRow>(db, query, [stream]);
  return row;
}

export async function addCheckpoint(tx: Database, stream: string, signed: SignedCheckpoint): Promise<void> {
  const { epoch, size, root, note, signedAt } = signed;
  const statement = `insert into ${checkpoints} (stream, epoch, size, root, note, signed_at) values ($1, $2, $3, $4, $5, $6)`;
  await run(tx, statement, [stream, epoch, size.toString(), root, note, signedAt]);
}

/** What was signed stays the same; only who has signed it may be more. */
export async function exchangeNote(tx: Database, stream: string, signed: SignedCheckpoint): Promise<void> {
  const { epoch, size, note } = signed;
  const statement = `update ${checkpoints} set note = $4 where stream = $1 and epoch = $2 and size = $3`;
  await run(tx, statement, [stream, epoch, size.toString(), note]);
}

export async function addDiscontinuity(tx: Database, stream: string, record: SignedDiscontinuity): Promise<void> {
  const statement = `insert into ${discontinuities} (stream, epoch, note, signed_at) values ($1, $2, $3, $4)`;
  await run(tx, statement, [stream, record.epoch, record.note, record.signedAt]);
}

/** Of one stream, or of all; oldest first. */
export async function discontinuitiesOf(
  db: Database,
  stream?: string,
): Promise<(SignedDiscontinuity & { readonly stream: string })[]> {
  const rows = await rowsOf<{ stream: string; epoch: number; note: string; signed_at: string }>(
    db,
    `select * from ${discontinuities} where $1::text is null or stream = $1 order by stream, epoch`,
    [stream ?? null],
  );
  return rows.map(({ stream: of, epoch, note, signed_at: signedAt }) => ({ stream: of, epoch, note, signedAt }));
}

/**
 * A page of what was signed of present trees – not of those that a discontinuity ended – by stream and size. None where
 * nothing durable stands beside the read models.
 */
export async function checkpointsAfter(db: Database, last: SignedRow | undefined, limit: number): Promise<SignedRow[]> {
  const [found] = await rowsOf<{ found: boolean }>(db, 'select to_regclass($1) is not null as found', [checkpoints]);
  if (found?.found !== true) return [];
  const query = `select * from ${checkpoints} each
    where ($1::text is null or (stream, size) > ($1, $2))
      and epoch = (select max(epoch) from ${checkpoints} present where present.stream = each.stream)
    order by stream, size limit $3`;
  return rowsOf(db, query, [last?.stream ?? null, last?.size ?? '0', limit]);
}

/** What was signed of these trees at these sizes. */
export function checkpointsAt(
  db: Database,
  at: readonly { readonly stream: string; readonly size: bigint }[],
): Promise<SignedRow[]> {
  const query = `select ${checkpoints}.* from unnest($1::text[], $2::bigint[]) as wanted(stream, size)
    join ${checkpoints} using (stream, size)`;
  return rowsOf(db, query, [at.map(({ stream }) => stream), at.map(({ size }) => size.toString())]);
}

/** Trees among these leaves, by name. Each is found by two looks into an index, whatever its size. */
export function treesAfter(
  db: Database,
  leaves: string,
  after: string,
  limit: number,
): Promise<{ stream: string; isSigned: boolean }[]> {
  const query = `with recursive found as (
      (select stream, 1 as number from ${leaves} where stream > $1 order by stream limit 1)
      union all
      select next.stream, number + 1 from found, lateral
        (select stream from ${leaves} where stream > found.stream order by stream limit 1) next where number < $2
    )
    select stream, coalesce(
        (select size from ${checkpoints} signed where signed.stream = found.stream order by epoch desc, size desc limit 1) =
        (select revision + 1 from ${leaves} last where last.stream = found.stream order by revision desc limit 1), false)
      as "isSigned"
    from found order by stream`;
  return rowsOf(db, query, [after, limit]);
}
