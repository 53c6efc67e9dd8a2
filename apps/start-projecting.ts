import type { Logger } from 'pino';
import type { Ledger } from '#libs/application/ledger/ledger.js';
import { RegularSigning } from '#libs/application/ledger/regular-signing.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import type { SecretKeeper } from '#libs/application/ports/secret-keeper.js';
import type { Config } from '#libs/platform/config.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Tracing } from '#libs/platform/telemetry/tracing.js';
import type { Database } from '#libs/readstore/database.js';
import { Projector } from '#libs/readstore/projector.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { bringUpToDate } from '#libs/readstore/rebuild.js';
import { Verifier } from '#libs/readstore/verifier.js';
import { allProjections } from '#projections/all.js';
import type { PostgresLedgerTrees } from '#projections/ledger/postgres-trees.js';
import { batchObserver, keepReadModels } from './keep-read-models.js';
import { reactionsOf } from './reactions.js';

interface Parts {
  readonly config: Config;
  readonly store: EventStore;
  readonly db: Database;
  readonly trees: PostgresLedgerTrees;
  readonly ledger: Ledger;
  readonly secrets: SecretKeeper;
  readonly personalData: PersonalData;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
}

export interface Projecting {
  readonly projector: Projector;
  readonly verifier: Verifier;
  readonly readPosition: CheckpointPosition;
  stop(): Promise<void>;
}

/**
 * Brings the read models up to date, then starts what keeps them, the reactions, what compares them with the log, and what
 * signs the ledger. `inTurns`: the first two with other processes over the same stores.
 */
export async function startProjecting(parts: Parts, inTurns: boolean): Promise<Projecting> {
  const { store, db, personalData, ledger, trees, metrics, tracing, logger } = parts;
  const models = { store, db, personalData, projections: allProjections };
  const projector = new Projector({
    ...models,
    observe: batchObserver(metrics, tracing),
    log: (status) => logger.info({ projector: status }, 'projector'),
    onParked: ({ stream, revision, failure }) =>
      logger.error({ stream, revision: `${revision}`, err: failure }, 'an organization is parked'),
    onUnparked: (stream) => logger.info({ stream }, 'a parked organization is in line again'),
  });
  const readPosition = new CheckpointPosition(db, inTurns ? undefined : projector);
  await bringUpToDate({ ...models, log: (line) => logger.info({ rebuild: line }, 'read models') });
  const reactions = await reactionsOf({ ...parts, readPosition });
  const stopReadModels = keepReadModels({ projector, reactions, db, metrics, logger }, inTurns);
  const verifier = new Verifier({
    ...models,
    onDamaged: (row) => logger.error({ row }, 'a row is not what the log says; `npx tenantry rebuild` mends it'),
  });
  verifier.start();
  const onError = (error: unknown, tree?: string) => logger.error({ err: error, tree }, 'a tree cannot be signed');
  const signing = new RegularSigning({ ledger, trees, onError });
  signing.start();
  const stop = async () => {
    // All of them, whatever becomes of one.
    await signing.stop().finally(() => verifier.stop().finally(stopReadModels));
  };
  return { projector, verifier, readPosition, stop };
}
