import { CompiledQuery } from 'kysely';
import { AccessDocuments, type LoadedDocuments, type StreamDocument } from '#libs/application/ports/read-models.js';
import { checkpoints, PROJECTOR, positionOf } from '#libs/readstore/checkpoints.js';
import type { Database } from '#libs/readstore/database.js';
import { parkedStreams } from '#libs/readstore/parked-streams.js';
import { qualified, readSchema } from '#libs/readstore/table.js';
import { accessDocuments, accessStreams } from './access-documents.js';

interface LoadedRow {
  commit: string | null;
  prepare: string | null;
  /** Of the streams of the documents asked for, as text: JSON has no 64-bit integers. */
  revisions: Readonly<Record<string, string>> | null;
  documents: readonly unknown[] | null;
  parked: readonly string[] | null;
}

export class PostgresAccessDocuments extends AccessDocuments {
  private readonly query: string;

  constructor(
    private readonly db: Database,
    schema = readSchema,
  ) {
    super();
    // One statement, so that all of it is of one moment.
    this.query = `select c.commit, c.prepare,
      (select json_object_agg(stream, revision::text) from ${qualified(schema, accessStreams.name)}
        where stream = any($1::text[])) as revisions,
      (select json_agg(d.doc order by n)
        from unnest($1::text[], $2::text[], $3::text[]) with ordinality as wanted(stream, kind, id, n)
        left join ${qualified(schema, accessDocuments.name)} d using (stream, kind, id)) as documents,
      (select json_agg(stream) from ${qualified(schema, parkedStreams.name)} where stream = any($1::text[])) as parked
      from ${qualified(schema, checkpoints.name)} c where c.name = $4`;
  }

  override async load(keys: readonly StreamDocument[]): Promise<LoadedDocuments> {
    const values = [
      keys.map(({ stream }) => stream),
      keys.map(({ kind }) => kind),
      keys.map(({ id }) => id),
      PROJECTOR,
    ];
    const { rows } = await this.db.executeQuery<LoadedRow>(CompiledQuery.raw(this.query, values));
    const [row] = rows;
    const revisions = Object.entries(row?.revisions ?? {}).map(
      ([stream, revision]) => [stream, BigInt(revision)] as const,
    );
    return {
      documents: keys.map((_, index) => row?.documents?.[index] ?? undefined),
      revisions: new Map(revisions),
      upTo: row && positionOf(row.commit, row.prepare),
      parked: new Set(row?.parked),
    };
  }
}
