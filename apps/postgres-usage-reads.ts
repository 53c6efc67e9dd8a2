import { streamOf } from '#libs/application/streams.js';
import { UsageReads, type UsageSeen } from '#libs/application/ports/usage-reads.js';
import type { Meter } from '#libs/domain/usage/meters.js';
import type { Database } from '#libs/readstore/database.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { PostgresCommandIndex } from '#projections/command-index/command-index.js';
import { metersOf } from '#projections/usage/queries.js';

/** The read models in one transaction, so that what is added up and the revision that it is of belong together. */
export class PostgresUsageReads extends UsageReads {
  constructor(private readonly db: Database) {
    super();
  }

  override seen(orgId: string, meters: readonly Meter[], commandId: string | undefined): Promise<UsageSeen> {
    const stream = streamOf('usage', orgId);
    return this.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (tx) => {
        const documents = new PostgresAccessDocuments(tx);
        // No document of it: the stream's name alone brings its revision.
        const { revisions } = await documents.load([{ stream, kind: 'settings', id: '' }]);
        const index = commandId === undefined ? undefined : await new PostgresCommandIndex(tx).find(commandId);
        const values = await metersOf(tx, orgId, meters);
        return { revision: revisions.get(stream) ?? -1n, values, command: index?.command };
      });
  }
}
