import type { EventStore } from '#libs/application/ports/event-store.js';
import { LogDiverged, readCheckpoint, verifyWitness } from '#libs/readstore/checkpoints.js';
import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { readSchema } from '#libs/readstore/table.js';

interface Live {
  number: number;
  made_at: string;
}

/**
 * Names the log and the live generation of the read models, which no other log or generation shares: what is cached of
 * them goes by that name. Answers undefined where the rows were not built from this log. Throws while there are none.
 */
export const readModelsName = (store: EventStore, db: Database, storeId: string) => async () => {
  const live = await rowsOf<Live>(db, `select number, made_at from "${readSchema}".generations where state = 'live'`);
  const [generation] = live;
  if (generation === undefined) throw new Error(`${readSchema} has no live generation`);
  try {
    await verifyWitness(store, await readCheckpoint(db));
  } catch (error) {
    if (error instanceof LogDiverged) return undefined;
    throw error;
  }
  return `${storeId}/${generation.number}/${generation.made_at}`;
};
