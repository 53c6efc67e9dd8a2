import type { Logger } from 'pino';
import { Appender } from '#libs/application/appender.js';
import { Checks } from '#libs/application/checks.js';
import { Folds } from '#libs/application/folds.js';
import { MembershipClaims } from '#libs/application/membership-claims.js';
import { Observations } from '#libs/application/observations.js';
import { Past } from '#libs/application/past.js';
import { CommandPipeline } from '#libs/application/pipeline.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { RepeatedCommands } from '#libs/application/repeated-commands.js';
import { FollowedDocuments } from '#libs/access/followed-documents.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import type { Config } from '#libs/platform/config.js';
import { issuersOf, TokenVerifier } from '#libs/platform/identity/token-verifier.js';
import type { Keys } from '#libs/platform/keys.js';
import { openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { Projector } from '#libs/readstore/projector.js';
import { ensureReadSchema } from '#libs/readstore/read-schema.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { Vault } from '#libs/vault/vault.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { allProjections } from '#projections/all.js';
import { PostgresCommandIndex } from '#projections/command-index/command-index.js';
import type { ApiServices } from './api/services.js';
import { healthProbes } from './health-probes.js';

const CACHED_DOCUMENTS = 200_000;
/** The published staleness: past this without sight of the log, checks answer 503 instead of an old answer. */
const STALE_AFTER_MS = 5000;

export interface CompositionOptions {
  readonly config: Config;
  readonly keys: Keys;
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this process also keeps the read models. */
  readonly project: boolean;
}

export interface Composition {
  readonly services: ApiServices;
  readonly projector: Projector | undefined;
  /** Stops what was started, in the opposite order. */
  stop(): Promise<void>;
}

/** Puts the parts of one process together over the given stores, and starts what runs in the background. */
export async function compose(options: CompositionOptions): Promise<Composition> {
  const { config, keys, clock, logger } = options;
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const store = await EsdbEventStore.connect(options.eventStoreUrl);
    stops.push(() => store.close());
    const db = openDatabase(options.postgresUrl, {
      // The error object holds the whole client; its sentence says all that helps.
      onConnectionError: ({ message }) => logger.warn({ reason: message }, 'postgres connection lost'),
    });
    stops.push(() => db.destroy());
    await migrate(db);

    const personalData = new Vault(keys, new PostgresSubjectKeys(db));
    const projector = options.project
      ? new Projector({
          store,
          db,
          projections: allProjections,
          personalData,
          log: (status) => logger.info({ projector: status }, 'projector'),
        })
      : undefined;
    if (projector !== undefined) {
      await ensureReadSchema(db, allProjections);
      projector.start();
      stops.push(() => projector.stop());
    }

    const folds = new Folds(store);
    const appender = new Appender(store, folds, personalData);
    const observations = new Observations(folds, appender, personalData, clock);
    const { group, emails, systemUserId } = config.platformAdmins;
    const admins = { adminGroup: group, adminEmails: emails, systemUserId };
    // The first event of the first realm names the log.
    let storeId = '';
    for (const { id: realmId, scheme } of config.realms) {
      const named = await observations.configuration({ realmId, scheme, ...admins });
      if (storeId === '') storeId = named;
    }

    const readPosition = new CheckpointPosition(db, projector);
    const documents = new FollowedDocuments(store, new PostgresAccessDocuments(db), readPosition, {
      cachedDocuments: CACHED_DOCUMENTS,
      budgetMs: config.readWaitMs,
      staleAfterMs: STALE_AFTER_MS,
      onBreak: (error) => logger.warn({ err: error }, 'the log cannot be followed; trying again'),
    });
    await documents.start();
    stops.push(() => documents.stop());

    const repeated = new RepeatedCommands(store, folds, new PostgresCommandIndex(db), readPosition);
    const pipeline = new CommandPipeline(
      folds,
      appender,
      new MembershipClaims(folds, appender),
      repeated,
      personalData,
      clock,
    );
    const services: ApiServices = {
      publicUrl: config.publicUrl,
      readWaitMs: config.readWaitMs,
      logger,
      clock,
      verifier: new TokenVerifier(issuersOf(config, keys, clock), keys.index, clock),
      observations,
      pipeline,
      checks: new Checks(documents, new Past(folds), clock),
      store,
      reads: db,
      readPosition,
      storeId,
      probes: healthProbes({ store, db, projector, readPosition }),
    };
    return { services, projector, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
