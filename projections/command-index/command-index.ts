import { required } from '#libs/application/metadata.js';
import { CommandIndex, type IndexedCommand } from '#libs/application/ports/read-models.js';
import { checkpoints, PROJECTOR, positionOf } from '#libs/readstore/checkpoints.js';
import type { Database } from '#libs/readstore/database.js';
import { parkedStreams } from '#libs/readstore/parked-streams.js';
import { projectionOfEach } from '#libs/readstore/projection.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { bigint, qualified, readSchema, table, text } from '#libs/readstore/table.js';

export const commandIndex = table(
  'command_index',
  { command_id: text, stream: text, first_revision: bigint, last_revision: bigint, payload_digest: text },
  { key: ['command_id'] },
);

export const commandIndexProjection = projectionOfEach({
  name: 'command-index',
  version: 1,
  tables: [commandIndex],
  each: ({ stream, revision, metadata }, write) => {
    if (metadata.keyed !== 'true') return;
    const { index, count } = partOf(metadata.part);
    write.put(commandIndex, {
      command_id: required(metadata, 'commandId'),
      stream,
      first_revision: revision - (index - 1n),
      last_revision: revision + (count - index),
      payload_digest: required(metadata, 'payloadDigest'),
    });
  },
});

/** The events of a command stand side by side, so that each of them tells where all of them are. */
function partOf(part = '1/1'): { index: bigint; count: bigint } {
  const [index = '1', count = '1'] = part.split('/');
  return { index: BigInt(index), count: BigInt(count) };
}

export class PostgresCommandIndex extends CommandIndex {
  constructor(private readonly db: Database) {
    super();
  }

  override async find(commandId: string) {
    // One statement, so that all of it is of one moment.
    const [row] = await rowsOf<FoundRow>(
      this.db,
      `select commit, prepare, stream, first_revision, last_revision, payload_digest,
          (select json_object_agg(stream, revision::text) from ${qualified(readSchema, parkedStreams.name)}) as parked
        from ${qualified(readSchema, checkpoints.name)}
        left join ${qualified(readSchema, commandIndex.name)} on command_id = $1 where name = $2`,
      [commandId, PROJECTOR],
    );
    const parked = Object.entries(row?.parked ?? {}).map(([stream, revision]) => [stream, BigInt(revision)] as const);
    return {
      command: row && commandIn(row),
      upTo: row && positionOf(row.commit, row.prepare),
      parked: new Map(parked),
    };
  }
}

interface FoundRow {
  commit: string | null;
  prepare: string | null;
  /** Revisions as text: JSON has no 64-bit integers. */
  parked: Readonly<Record<string, string>> | null;
  stream: string | null;
  first_revision: string | null;
  last_revision: string | null;
  payload_digest: string | null;
}

function commandIn({ stream, first_revision, last_revision, payload_digest }: FoundRow): IndexedCommand | undefined {
  if (stream === null || first_revision === null || last_revision === null || payload_digest === null) return undefined;
  return {
    stream,
    firstRevision: BigInt(first_revision),
    lastRevision: BigInt(last_revision),
    payloadDigest: payload_digest,
  };
}
