import { sql } from 'kysely';
import { required } from '#libs/application/metadata.js';
import { CommandIndex, type IndexedCommand } from '#libs/application/ports/read-models.js';
import type { Position } from '#libs/application/ports/event-store.js';
import { checkpoints, PROJECTOR, positionOf } from '#libs/readstore/checkpoints.js';
import type { Database } from '#libs/readstore/database.js';
import { projectionOfEach } from '#libs/readstore/projection.js';
import { bigint, table, type TablesOf, text } from '#libs/readstore/table.js';

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

type Tables = TablesOf<typeof commandIndex> & TablesOf<typeof checkpoints>;

export class PostgresCommandIndex extends CommandIndex {
  constructor(private readonly db: Database) {
    super();
  }

  override async find(commandId: string): Promise<{ command: IndexedCommand | undefined; upTo: Position | undefined }> {
    const row = await this.db
      .withTables<Tables>()
      .selectFrom('checkpoint')
      .leftJoin('command_index', (join) => join.on('command_id', '=', commandId).on(sql.lit(true)))
      .select(['commit', 'prepare', 'stream', 'first_revision', 'last_revision', 'payload_digest'])
      .where('checkpoint.name', '=', PROJECTOR)
      .executeTakeFirst();
    if (row === undefined) return { command: undefined, upTo: undefined };
    return { command: commandIn(row), upTo: positionOf(row.commit, row.prepare) };
  }
}

interface FoundRow {
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
