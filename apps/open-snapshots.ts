import type { Logger } from 'pino';
import type { EventStore } from '#libs/application/ports/event-store.js';
import { SnapshotCheck } from '#libs/application/snapshots/snapshot-check.js';
import { Snapshots } from '#libs/application/snapshots/snapshots.js';
import type { Database } from '#libs/readstore/database.js';
import { foldCode } from '#libs/readstore/fold-code.js';
import { PostgresSnapshots } from '#libs/readstore/snapshots.js';

/** Snapshots of folded organizations; what is wrong with them is told to the log, and never to who asks. */
export async function openSnapshots(db: Database, store: EventStore, logger: Logger): Promise<Snapshots> {
  const events = {
    onDamaged: (orgId: string, revision: bigint, how: string) =>
      logger.error({ orgId, revision: `${revision}`, how }, 'a snapshot was discarded; the log answers'),
    onUnavailable: (error: unknown) => logger.warn({ err: error }, 'snapshots are out of reach; the log answers'),
  };
  return new Snapshots(await PostgresSnapshots.open(db, await foldCode()), events, new SnapshotCheck(store));
}
