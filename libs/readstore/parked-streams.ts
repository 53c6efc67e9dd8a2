import type { Database } from './database.js';
import type { HandlerFailed } from './handler-failed.js';
import { rowsOf, run } from './sql.js';
import { bigint, qualified, readSchema, type RowOf, table, text, timestamptz } from './table.js';

/**
 * The streams of which an event could not be projected, beside the checkpoint that has passed it: their rows hold
 * everything before `revision` and nothing from there on, until they are replayed.
 */
export const parkedStreams = table(
  'parked_streams',
  {
    stream: text,
    /** The first revision that is not in the rows. */
    revision: bigint,
    /** Of the event that failed last. */
    commit: bigint,
    prepare: bigint,
    projection: text,
    error: text,
    since: timestamptz,
  },
  { key: ['stream'] },
);

export type ParkedStream = RowOf<typeof parkedStreams>;

/** A stream's first revision that could not be projected, and why. */
export interface Poison {
  readonly stream: string;
  readonly revision: bigint;
  readonly failure: HandlerFailed;
}

const MAX_ERROR_LENGTH = 1000;

/** By name. */
export const listParked = (db: Database, schema = readSchema): Promise<ParkedStream[]> =>
  rowsOf(db, `select * from ${qualified(schema, parkedStreams.name)} order by stream`);

/** Those of the streams that are parked now. */
export async function parkedAmong(db: Database, streams: readonly string[]): Promise<ReadonlySet<string>> {
  if (streams.length === 0) return new Set();
  const query = `select stream from ${qualified(readSchema, parkedStreams.name)} where stream = any($1)`;
  return new Set((await rowsOf<{ stream: string }>(db, query, [streams])).map(({ stream }) => stream));
}

export async function countParked(db: Database): Promise<number> {
  const query = `select count(*)::integer as parked from ${qualified(readSchema, parkedStreams.name)}`;
  const [row] = await rowsOf<{ parked: number }>(db, query);
  return row?.parked ?? 0;
}

/** Part of the transaction that moves the checkpoint past the event. */
export async function park(tx: Database, schema: string, { stream, revision, failure }: Poison): Promise<void> {
  const statement = `insert into ${qualified(schema, parkedStreams.name)}
    (stream, revision, commit, prepare, projection, error, since) values ($1, $2, $3, $4, $5, $6, now())`;
  await run(tx, statement, [stream, revision.toString(), ...placeOf(failure), ...reasonOf(failure)]);
}

/** Tells why a replay stopped where it did, if that is news. */
export async function explainParked(
  db: Database,
  schema: string,
  { stream, revision, failure }: Poison,
): Promise<void> {
  const statement = `update ${qualified(schema, parkedStreams.name)}
    set commit = $3, prepare = $4, projection = $5, error = $6
    where stream = $1 and revision = $2 and (projection, error, commit) is distinct from ($5, $6, $3::bigint)`;
  await run(db, statement, [stream, revision.toString(), ...placeOf(failure), ...reasonOf(failure)]);
}

/**
 * Part of the transaction that brings the stream's rows from one revision to another. False where others did that
 * already, or where the tables are not of the epoch that the caller knows.
 */
export async function moveParked(
  tx: Database,
  schema: string,
  stream: string,
  revisions: { readonly from: bigint; readonly to: bigint },
  epoch: bigint,
): Promise<boolean> {
  const statement = `update ${qualified(schema, parkedStreams.name)} set revision = $3 where stream = $1 and revision = $2
    and exists (select 1 from ${qualified(schema, 'checkpoint')} where epoch = $4)`;
  const values = [stream, revisions.from.toString(), revisions.to.toString(), epoch.toString()];
  return (await run(tx, statement, values)).numAffectedRows === 1n;
}

/** Part of the transaction that brings the stream's rows up to the checkpoint. False where others did that already. */
export async function unpark(tx: Database, schema: string, stream: string, from: bigint): Promise<boolean> {
  const statement = `delete from ${qualified(schema, parkedStreams.name)} where stream = $1 and revision = $2`;
  return (await run(tx, statement, [stream, from.toString()])).numAffectedRows === 1n;
}

const placeOf = ({ event: { position } }: HandlerFailed) => [position.commit.toString(), position.prepare.toString()];

/** An error may quote what Postgres does not take. */
const reasonOf = ({ projection, cause }: HandlerFailed) => [
  projection,
  (cause instanceof Error ? cause.message : String(cause))
    .slice(0, MAX_ERROR_LENGTH)
    .toWellFormed()
    .replaceAll('\0', '\uFFFD'),
];
