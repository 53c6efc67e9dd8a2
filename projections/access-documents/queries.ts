import { CompiledQuery } from 'kysely';
import { AccessDocuments, type LoadedDocuments, type StreamDocument } from '#libs/application/ports/read-models.js';
import type { RealmDocument, ServiceAccountDocument } from '#libs/domain/access/documents.js';
import { type MachineKind, principalOf } from '#libs/domain/access/machines.js';
import { streamOf } from '#libs/application/streams.js';
import { checkpoints, PROJECTOR, positionOf } from '#libs/readstore/checkpoints.js';
import type { Database } from '#libs/readstore/database.js';
import { parkedStreams } from '#libs/readstore/parked-streams.js';
import { rowsOf } from '#libs/readstore/sql.js';
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

/** An organization's documents of one kind, by id: what decisions hold beside the rows that are made for reading. */
export const documentsOf = (db: Database, orgId: string, kind: StreamDocument['kind'], ids: readonly string[]) =>
  documentsIn(db, streamOf('org', orgId), kind, ids);

/** The same of any stream. */
export async function documentsIn(
  db: Database,
  stream: string,
  kind: StreamDocument['kind'],
  ids: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  const query = `select id, doc from ${qualified(readSchema, accessDocuments.name)}
    where stream = $1 and kind = $2 and id = any($3::text[])`;
  const rows = await rowsOf<{ id: string; doc: unknown }>(db, query, [stream, kind, ids]);
  return new Map(rows.map(({ id, doc }) => [id, doc]));
}

/** Those of the given realms that have begun, by id. */
export async function realmDocuments(db: Database, ids: readonly string[]): Promise<RealmDocument[]> {
  const query = `select doc from ${qualified(readSchema, accessDocuments.name)}
    where stream = any($1::text[]) and kind = 'realm' and id = '' order by stream`;
  const rows = await rowsOf<{ doc: RealmDocument }>(db, query, [ids.map((id) => streamOf('realm', id))]);
  return rows.map(({ doc }) => doc);
}

/** Ids of the members who hold one of the roles beside their membership. */
export async function membersAssigned(
  db: Database,
  orgId: string,
  roles: readonly string[],
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const query = `select id from ${qualified(readSchema, accessDocuments.name)}
    where stream = $1 and kind = 'member' and id > $2 and doc ? 'assignments' and doc->'assignments' ?| $3::text[]
    order by id limit $4`;
  const rows = await rowsOf<{ id: string }>(db, query, [streamOf('org', orgId), after, roles, limit]);
  return rows.map(({ id }) => id);
}

/** Principals of the organization's machines of one kind, in the order of their ids; `after` is a principal too. */
export async function machinesOf(
  db: Database,
  orgId: string,
  kind: MachineKind,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const own = principalOf({ kind, orgId, id: '' });
  // Others' machines stand before all of these, or behind them.
  if (!after.startsWith(own) && after > own) return [];
  const query = `select id from ${qualified(readSchema, accessDocuments.name)}
    where stream = $1 and kind = $2 and id > $3 and doc ->> 'status' = 'active' order by id limit $4`;
  const last = after.startsWith(own) ? after.slice(own.length) : '';
  const rows = await rowsOf<{ id: string }>(db, query, [streamOf('org', orgId), kind, last, limit]);
  return rows.map(({ id }) => principalOf({ kind, orgId, id }));
}

/** An organization's service accounts that were not deleted, or its own API keys that were not revoked, by id. */
export async function serviceAccountsOf(
  db: Database,
  orgId: string,
  areApiKeys: boolean,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<ServiceAccountDocument[]> {
  const query = `select doc from ${qualified(readSchema, accessDocuments.name)}
    where stream = $1 and kind = 'service' and id > $2 and doc ->> 'status' = 'active' and doc ? 'isApiKey' = $4
    order by id limit $3`;
  const values = [streamOf('org', orgId), after, limit, areApiKeys];
  const rows = await rowsOf<{ doc: ServiceAccountDocument }>(db, query, values);
  return rows.map(({ doc }) => doc);
}

/** Ids of the people whose tokens have shown a claim that a role source names. */
export async function claimantsAmongUsers(
  db: Database,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const prefix = streamOf('user', '');
  const query = `select stream from ${qualified(readSchema, accessDocuments.name)}
    where kind = 'user' and stream > $1 and starts_with(stream, $2)
      and (doc #>> '{claims,emailIndex}' is not null or doc #> '{claims,groups}' <> '[]')
    order by stream limit $3`;
  const rows = await rowsOf<{ stream: string }>(db, query, [`${prefix}${after}`, prefix, limit]);
  return rows.map(({ stream }) => stream.slice(prefix.length));
}
