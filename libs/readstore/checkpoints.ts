import { createHash } from 'node:crypto';
import { type EventStore, type Position, positionText, type StoredEvent } from '#libs/application/ports/event-store.js';
import type { Database } from './database.js';
import { parkedStreams } from './parked-streams.js';
import { categoryOf, kindOf } from './projected-event.js';
import { rowsOf, run } from './sql.js';
import { bigint, nullable, qualified, readSchema, table, text, texts } from './table.js';

/** One row per schema of read models: everything up to its position, and nothing beyond, stands in the rows. */
export const checkpoints = table(
  'checkpoint',
  {
    name: text,
    /** Raised with each change that a batch must not miss: other tables in the place of these, a stream no longer parked. */
    epoch: bigint,
    commit: nullable(bigint),
    prepare: nullable(bigint),
    /** The last event of this product's own, by which a truncated or replaced log is recognized. */
    witness_commit: nullable(bigint),
    witness_prepare: nullable(bigint),
    witness_id: nullable(text),
    witness_hash: nullable(text),
    /** Names and versions of the projections that built the rows. */
    projections: text,
    /** The kinds of events up to here: a build that does not know them all must not go on from here. */
    event_kinds: nullable(texts),
  },
  { key: ['name'] },
);
export const PROJECTOR = 'projector';

export interface Witness {
  readonly position: Position;
  readonly id: string;
  readonly hash: string;
}

export interface Checkpoint {
  readonly epoch: bigint;
  readonly position: Position | undefined;
  readonly witness: Witness | undefined;
  /** The streams whose rows stand still, with the first revision that is not in them. */
  readonly parked: ReadonlyMap<string, bigint>;
  /** `category/type` of every event up to here. */
  readonly eventKinds: readonly string[];
}

interface CheckpointRow {
  epoch: string;
  commit: string | null;
  prepare: string | null;
  witness_commit: string | null;
  witness_prepare: string | null;
  witness_id: string | null;
  witness_hash: string | null;
  event_kinds: string[] | null;
  /** Revisions as text: JSON has no 64-bit integers. */
  parked: Readonly<Record<string, string>> | null;
}

/** The log does not continue what the read models were built from: truncated, restored from a backup, or another one. */
export class LogDiverged extends Error {
  override readonly name = 'LogDiverged';
}

export const positionOf = (commit: string | null, prepare: string | null): Position | undefined =>
  commit === null || prepare === null ? undefined : { commit: BigInt(commit), prepare: BigInt(prepare) };

export async function readCheckpoint(db: Database, schema = readSchema): Promise<Checkpoint> {
  // One statement, so that all of it is of one moment.
  const query = `select epoch, commit, prepare, witness_commit, witness_prepare, witness_id, witness_hash, event_kinds,
      (select json_object_agg(stream, revision::text) from ${qualified(schema, parkedStreams.name)}) as parked
    from ${qualified(schema, checkpoints.name)} where name = $1`;
  const [row] = await rowsOf<CheckpointRow>(db, query, [PROJECTOR]);
  if (row === undefined) throw new Error(`${schema} holds no checkpoint`);
  const position = positionOf(row.witness_commit, row.witness_prepare);
  return {
    epoch: BigInt(row.epoch),
    position: positionOf(row.commit, row.prepare),
    witness:
      position === undefined || row.witness_id === null || row.witness_hash === null
        ? undefined
        : { position, id: row.witness_id, hash: row.witness_hash },
    parked: new Map(Object.entries(row.parked ?? {}).map(([stream, revision]) => [stream, BigInt(revision)])),
    eventKinds: row.event_kinds ?? [],
  };
}

/**
 * A process that is frozen in the middle of a transaction would hold its rows for as long: Postgres ends a
 * transaction that asks nothing for this time, well above what a batch computes, and others go on.
 */
const BOUND = `select set_config('idle_in_transaction_session_timeout', '4s', true)`;

/** False when the checkpoint is no longer where the caller read it: another projector moved on. */
export async function moveCheckpoint(tx: Database, schema: string, from: Checkpoint, to: Checkpoint): Promise<boolean> {
  const statement = `with bounded as (${BOUND})
    update ${qualified(schema, checkpoints.name)}
    set commit = $1, prepare = $2, witness_commit = $3, witness_prepare = $4, witness_id = $5, witness_hash = $6,
      event_kinds = $7
    from bounded where name = $8 and epoch = $9 and commit is not distinct from $10 and prepare is not distinct from $11`;
  const values = [
    ...columnsOf(to.position),
    ...columnsOf(to.witness?.position),
    to.witness?.id ?? null,
    to.witness?.hash ?? null,
    to.eventKinds,
    PROJECTOR,
    from.epoch.toString(),
    ...columnsOf(from.position),
  ];
  return (await run(tx, statement, values)).numAffectedRows === 1n;
}

export const boundTransaction = (tx: Database) => run(tx, BOUND);

/** Nobody moves the checkpoint before the transaction ends. */
export async function lockCheckpoint(tx: Database, schema: string): Promise<Checkpoint> {
  await boundTransaction(tx);
  await run(tx, `select 1 from ${qualified(schema, checkpoints.name)} where name = $1 for update`, [PROJECTOR]);
  return readCheckpoint(tx, schema);
}

/** Makes every batch that is prepared by now fail: its projector reads the checkpoint again. */
export async function raiseEpoch(tx: Database, schema: string): Promise<void> {
  await run(tx, `update ${qualified(schema, checkpoints.name)} set epoch = epoch + 1 where name = $1`, [PROJECTOR]);
}

/** The checkpoint after these events. */
export function advanced(from: Checkpoint, events: readonly StoredEvent[]): Checkpoint {
  const last = events.at(-1);
  const own = events.findLast(({ stream }) => categoryOf(stream) !== undefined);
  const kinds = new Set(from.eventKinds);
  for (const event of events) if (categoryOf(event.stream) !== undefined) kinds.add(kindOf(event));
  return {
    ...from,
    position: last?.position ?? from.position,
    witness: own === undefined ? from.witness : { position: own.position, id: own.id, hash: hashOf(own) },
    eventKinds: kinds.size === from.eventKinds.length ? from.eventKinds : [...kinds].sort(),
  };
}

/** Throws LogDiverged unless the log still holds the witness where it stood. */
export async function verifyWitness(store: EventStore, { witness }: Checkpoint): Promise<void> {
  if (witness === undefined) return;
  const found = await store.at(witness.position);
  if (found?.id === witness.id && hashOf(found) === witness.hash) return;
  const place = positionText(witness.position);
  if (found !== undefined) throw new LogDiverged(`at ${place} the log holds another event than the one projected`);
  const head = await store.head();
  const end = head === undefined ? 'is empty' : `ends at ${positionText(head)}`;
  throw new LogDiverged(`the log does not hold the event projected at ${place}; it ${end}`);
}

function hashOf({ stream, revision, id, type, data, metadata }: StoredEvent): string {
  const canonical = JSON.stringify([stream, revision.toString(), id, type, data, metadata], sortKeys);
  return createHash('sha256').update(canonical).digest('hex');
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const columnsOf = (position: Position | undefined): (string | null)[] =>
  position === undefined ? [null, null] : [position.commit.toString(), position.prepare.toString()];
