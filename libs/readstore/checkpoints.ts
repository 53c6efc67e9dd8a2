import { createHash } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import { type EventStore, type Position, positionText, type StoredEvent } from '#libs/application/ports/event-store.js';
import type { Database } from './database.js';
import { categoryOf } from './projected-event.js';
import { bigint, nullable, qualified, readSchema, table, text } from './table.js';

/** One row per schema of read models: everything up to its position, and nothing beyond, stands in the rows. */
export const checkpoints = table(
  'checkpoint',
  {
    name: text,
    /** Which generation of the tables this is: a batch prepared against former tables must not commit to new ones. */
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
}

interface CheckpointRow {
  epoch: string;
  commit: string | null;
  prepare: string | null;
  witness_commit: string | null;
  witness_prepare: string | null;
  witness_id: string | null;
  witness_hash: string | null;
}

/** The log does not continue what the read models were built from: truncated, restored from a backup, or another one. */
export class LogDiverged extends Error {
  override readonly name = 'LogDiverged';
}

export const positionOf = (commit: string | null, prepare: string | null): Position | undefined =>
  commit === null || prepare === null ? undefined : { commit: BigInt(commit), prepare: BigInt(prepare) };

export async function readCheckpoint(db: Database, schema = readSchema): Promise<Checkpoint> {
  const query = `select epoch, commit, prepare, witness_commit, witness_prepare, witness_id, witness_hash
    from ${qualified(schema, checkpoints.name)} where name = $1`;
  const { rows } = await db.executeQuery<CheckpointRow>(CompiledQuery.raw(query, [PROJECTOR]));
  const [row] = rows;
  if (row === undefined) throw new Error(`${schema} holds no checkpoint`);
  const position = positionOf(row.witness_commit, row.witness_prepare);
  return {
    epoch: BigInt(row.epoch),
    position: positionOf(row.commit, row.prepare),
    witness:
      position === undefined || row.witness_id === null || row.witness_hash === null
        ? undefined
        : { position, id: row.witness_id, hash: row.witness_hash },
  };
}

/** False when the checkpoint is no longer where the caller read it: another projector moved on. */
export async function moveCheckpoint(tx: Database, schema: string, from: Checkpoint, to: Checkpoint): Promise<boolean> {
  const statement = `update ${qualified(schema, checkpoints.name)}
    set commit = $1, prepare = $2, witness_commit = $3, witness_prepare = $4, witness_id = $5, witness_hash = $6
    where name = $7 and epoch = $8 and commit is not distinct from $9 and prepare is not distinct from $10`;
  const values = [
    ...columnsOf(to.position),
    ...columnsOf(to.witness?.position),
    to.witness?.id ?? null,
    to.witness?.hash ?? null,
    PROJECTOR,
    from.epoch.toString(),
    ...columnsOf(from.position),
  ];
  const { numAffectedRows } = await tx.executeQuery(CompiledQuery.raw(statement, values));
  return numAffectedRows === 1n;
}

/** The checkpoint after these events. */
export function advanced(from: Checkpoint, events: readonly StoredEvent[]): Checkpoint {
  const last = events.at(-1);
  const own = events.findLast(({ stream }) => categoryOf(stream) !== undefined);
  return {
    epoch: from.epoch,
    position: last?.position ?? from.position,
    witness: own === undefined ? from.witness : { position: own.position, id: own.id, hash: hashOf(own) },
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
