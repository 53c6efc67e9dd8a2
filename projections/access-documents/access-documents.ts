import { CompiledQuery } from 'kysely';
import { type Category, evolve, touches, type StateByCategory } from '#libs/domain/aggregates.js';
import type { DocumentKey } from '#libs/domain/event.js';
import type { Database } from '#libs/readstore/database.js';
import type { BatchHandler, ProjectedEvent, Projection } from '#libs/readstore/projection.js';
import { bigint, jsonb, qualified, table, text } from '#libs/readstore/table.js';
import type { Write } from '#libs/readstore/write-buffer.js';
import { documentIn, type StoredDocument, stateFrom } from './partial-state.js';

export const accessDocuments = table(
  'access_documents',
  { stream: text, kind: text, id: text, doc: jsonb },
  {
    key: ['stream', 'kind', 'id'],
    // For searches: of all documents, the few that give roles beside a membership.
    indexes: [
      { columns: ['stream', 'id'], where: "kind = 'member' and doc ? 'assignments'" },
      {
        columns: ['stream'],
        where: "kind = 'user' and (doc #>> '{claims,emailIndex}' is not null or doc #> '{claims,groups}' <> '[]')",
      },
    ],
  },
);

/** The revision that a stream's documents are current to. */
export const accessStreams = table('access_streams', { stream: text, revision: bigint }, { key: ['stream'] });

/** The documents that checks decide from. The domain's own `evolve` is the only logic: it runs on just the touched ones. */
export const accessDocumentsProjection: Projection = {
  name: 'access-documents',
  version: 3,
  tables: [accessDocuments, accessStreams],
  begin: async (events, db, schema) => {
    const streams = new Map<string, TouchedStream>();
    for (const event of events) {
      const stream = streams.get(event.stream) ?? new TouchedStream(event.category, event.stream);
      streams.set(event.stream, stream);
      stream.touch(event);
    }
    const touched = [...streams.values()].flatMap(({ stream, keys }) =>
      [...keys.values()].map((key) => ({ ...key, stream })),
    );
    for (const document of await load(db, schema, touched)) streams.get(document.stream)?.found(document);
    return handlerOf(streams);
  },
};

function handlerOf(streams: ReadonlyMap<string, TouchedStream>): BatchHandler {
  return {
    each: (event) => streams.get(event.stream)?.apply(event),
    end: (write) => {
      for (const stream of streams.values()) stream.save(write);
    },
  };
}

class TouchedStream<C extends Category = Category> {
  readonly keys = new Map<string, DocumentKey>();
  private readonly documents: StoredDocument[] = [];
  private before: StateByCategory[C] | undefined;
  private state: StateByCategory[C] | undefined;
  private revision = -1n;

  constructor(
    private readonly category: C,
    readonly stream: string,
  ) {}

  touch(event: ProjectedEvent): void {
    for (const key of touches(this.category, folded(event))) this.keys.set(`${key.kind}/${key.id}`, key);
  }

  found(document: StoredDocument): void {
    this.documents.push(document);
  }

  apply(event: ProjectedEvent): void {
    this.before ??= stateFrom(this.category, this.documents);
    this.state = evolve(this.category, this.state ?? this.before, folded(event));
    this.revision = event.revision;
  }

  save(write: Write): void {
    const { category, before, state, stream } = this;
    if (before === undefined || state === undefined) return;
    for (const key of this.keys.values()) {
      const doc = documentIn(category, state, key);
      if (doc === documentIn(category, before, key)) continue;
      if (doc === undefined) write.remove(accessDocuments, { stream, ...key });
      else write.put(accessDocuments, { stream, kind: key.kind, id: key.id, doc });
    }
    write.put(accessStreams, { stream, revision: this.revision });
  }
}

const folded = ({ type, data, id, revision, occurredAt }: ProjectedEvent) => ({
  type,
  data,
  stamp: { id, revision, occurredAt },
});

async function load(
  db: Database,
  schema: string,
  keys: readonly (DocumentKey & { stream: string })[],
): Promise<readonly StoredDocument[]> {
  if (keys.length === 0) return [];
  const query = `select stream, kind, id, doc from ${qualified(schema, accessDocuments.name)}
    join unnest($1::text[], $2::text[], $3::text[]) as wanted(stream, kind, id) using (stream, kind, id)`;
  const values = [keys.map(({ stream }) => stream), keys.map(({ kind }) => kind), keys.map(({ id }) => id)];
  return (await db.executeQuery<StoredDocument>(CompiledQuery.raw(query, values))).rows;
}
