import { sql } from 'kysely';
import { ClaimBearers } from '#libs/application/history/claim-bearers.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import { parseStream } from '#libs/application/streams.js';
import type { Database } from '#libs/readstore/database.js';
import type { TablesOf } from '#libs/readstore/table.js';
import type { accessDocuments } from '#projections/access-documents/access-documents.js';

/** From the access documents: once claims of a person were observed, their document holds some, if only empty ones. */
export class ReadClaimBearers extends ClaimBearers {
  constructor(
    private readonly db: Database,
    private readonly store: EventStore,
    private readonly readPosition: ReadPosition,
    private readonly budgetMs: number,
  ) {
    super();
  }

  override async all(): Promise<readonly string[] | undefined> {
    const head = await this.store.head();
    if (head !== undefined && !(await this.readPosition.reached(head, this.budgetMs))) return undefined;
    const rows = await this.db
      .withTables<TablesOf<typeof accessDocuments>>()
      .selectFrom('access_documents')
      .select('stream')
      .where('kind', '=', 'user')
      .where(sql<string>`jsonb_typeof(doc->'claims')`, '=', 'object')
      .orderBy('stream')
      .execute();
    return rows.map(({ stream }) => parseStream(stream).id);
  }
}
