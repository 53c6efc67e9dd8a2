import { describe, expect, it } from '@jest/globals';
import { StoredTier } from '#libs/access/stored-tier.js';
import { openDatabase } from '#libs/readstore/database.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { projectorOf, until } from '../../fault/projector-support.js';
import { MemoryEventStore } from '../../support/memory-event-store.js';
import { freshDatabase } from '../../support/postgres.js';
import { describeTier } from './tier.contract.js';

describe('the tier in Postgres', () => {
  describeTier(async () => {
    const database = await freshDatabase();
    const db = openDatabase(database.url);
    const store = new MemoryEventStore();
    const projector = projectorOf(db, store);
    projector.start();
    return {
      tier: new StoredTier(new PostgresAccessDocuments(db)),
      async advance({ stream, events }, revision) {
        for (const event of events) {
          const present = (await store.last(stream))?.revision ?? -1n;
          if (event.revision > present && event.revision <= revision) await store.append(stream, present, [event]);
        }
        const head = await store.head();
        await until(() => projector.status().position === `${head?.commit}/${head?.prepare}`);
      },
      async stop() {
        await projector.stop();
        await db.destroy();
        await database.drop();
      },
    };
  });

  it('holds nothing of a stream that is parked, nor of others beside it', async () => {
    const key = { stream: 'org-acme', kind: 'org', id: '' } as const;
    const other = { ...key, stream: 'org-other' };
    const tier = new StoredTier({
      load: async (keys) => ({
        documents: keys.map(() => ({})),
        revisions: new Map(),
        upTo: { commit: 1n, prepare: 1n },
        parked: new Set(keys.map(({ stream }) => stream).filter((stream) => stream === key.stream)),
      }),
    });
    expect(await tier.load([key, other])).toEqual([undefined, undefined]);
    expect(await tier.load([other])).toEqual([expect.objectContaining({ document: {} })]);
  });
});
