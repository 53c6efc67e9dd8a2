import type { Logger } from 'pino';
import { SignIns } from '#libs/application/activity/sign-ins.js';
import { RecordedReads } from '#libs/application/activity/recorded-reads.js';
import { CurrentAccess } from '#libs/application/current-access.js';
import { Eraser } from '#libs/application/erasure/eraser.js';
import { FindErasureObstacles } from '#libs/application/erasure/obstacles.js';
import { Appender } from '#libs/application/appender.js';
import { Checks } from '#libs/application/checks.js';
import { Reading } from '#libs/application/reading.js';
import { Introspection } from '#libs/application/credentials/introspection.js';
import { PersonalIntrospection } from '#libs/application/credentials/personal-introspection.js';
import { Folds } from '#libs/application/folds.js';
import { History } from '#libs/application/history/history.js';
import { Ledger } from '#libs/application/ledger/ledger.js';
import { KeyCallers } from '#libs/application/key-callers.js';
import { Observations } from '#libs/application/observations.js';
import { Past } from '#libs/application/past.js';
import { emailIndexesOf } from '#libs/application/ports/personal-data.js';
import { PersonalOrgs } from '#libs/application/personal-orgs.js';
import { Present } from '#libs/application/present.js';
import { SecretSweep } from '#libs/application/secrets/secret-sweep.js';
import { UnkeptSecrets } from '#libs/application/secrets/unkept-secrets.js';
import { SignUp } from '#libs/application/sign-up.js';
import { Searches } from '#libs/application/searches.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { streamOf } from '#libs/application/streams.js';
import { FollowedDocuments } from '#libs/access/followed-documents.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import type { Config } from '#libs/platform/config.js';
import { Credentials } from '#libs/platform/identity/credentials.js';
import { MachineTokens } from '#libs/platform/identity/machine-tokens.js';
import { signSession } from '#libs/platform/identity/session-tokens.js';
import { type Keys, loadKeys } from '#libs/platform/keys.js';
import { firstUse } from '#libs/platform/store-unusable.js';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { ObservedEventStore } from '#libs/platform/telemetry/observed-event-store.js';
import { openTracing } from '#libs/platform/telemetry/open-tracing.js';
import { openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { projectionStatus } from '#libs/readstore/projection-status.js';
import type { Projector } from '#libs/readstore/projector.js';
import { PostgresIssuedKeys } from '#libs/readstore/issued-keys.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { PostgresSecrets } from '#libs/readstore/secret-store.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { SecretVault } from '#libs/vault/secret-vault.js';
import { Vault } from '#libs/vault/vault.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { allProjections } from '#projections/all.js';
import { PostgresLedgerTrees } from '#projections/ledger/postgres-trees.js';
import { ReadClaimBearers } from './api/queries/history-claim-bearers.js';
import type { ApiServices } from './api/services.js';
import { limitsOf } from './api-limits.js';
import { commandsOf } from './commands.js';
import { Drain } from './drain.js';
import { healthProbes } from './health-probes.js';
import { Readiness } from './readiness.js';
import { keepErasing } from './keep-erasing.js';
import { keepSweeping } from './keep-sweeping.js';
import { PostgresErasures } from './postgres-erasures.js';
import { PostgresExpectations } from './postgres-expectations.js';
import { PostgresSearchReads } from './postgres-search-reads.js';
import { readModelsName } from './read-models-name.js';
import { redisTier, tierListener } from './shared-tier.js';
import { openRealms } from './open-realms.js';
import { openSnapshots } from './open-snapshots.js';
import { startProjecting } from './start-projecting.js';

const CACHED_DOCUMENTS = 100_000;
/** The published staleness: past this without sight of the log, checks answer 503 instead of an old answer. */
const STALE_AFTER_MS = 5000;

export interface CompositionOptions {
  readonly config: Config;
  readonly keys: Keys;
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /** Undefined: checks use the process and Postgres. */
  readonly redisUrl?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this process also keeps the read models; `while_leading`: in turns with others over the same stores. */
  readonly project: boolean | 'while_leading';
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
    const metrics = new Metrics(config.dataDir);
    const tracing = await openTracing(config.tracing);
    stops.push(() => tracing.stop());
    const client = await firstUse(config.eventStoreUrl && 'EVENTSTORE_URL', () =>
      EsdbEventStore.connect(options.eventStoreUrl),
    );
    stops.push(() => client.close());
    const store = new ObservedEventStore(client, metrics, tracing);
    const db = openDatabase(options.postgresUrl, {
      // The error object holds the whole client; its sentence says all that helps.
      onConnectionError: ({ message }) => logger.warn({ reason: message }, 'postgres connection lost'),
    });
    stops.push(() => db.destroy());
    await firstUse(config.postgresUrl && 'POSTGRES_URL', () => migrate(db));

    const wrapping = new MasterKeys(keys, () => loadKeys(config.keyDir));
    const personalData = new Vault(keys, new PostgresSubjectKeys(db), wrapping);
    const secrets = new SecretVault(new PostgresSecrets(db), wrapping);
    const trees = new PostgresLedgerTrees(db);
    const ledger = new Ledger(trees, store, keys.ledger, clock);
    const parts = { config, store, db, trees, ledger, secrets, personalData, clock, metrics, tracing, logger };
    const projecting = options.project ? await startProjecting(parts, options.project === 'while_leading') : undefined;
    if (projecting !== undefined) stops.push(() => projecting.stop());
    const { projector, verifier, readPosition = new CheckpointPosition(db) } = projecting ?? {};

    const snapshots = await openSnapshots(db, store, logger);
    stops.push(() => snapshots.settled());
    const folds = new Folds(store, undefined, snapshots, clock);
    const unkept = new UnkeptSecrets(secrets);
    const appender = new Appender(store, folds, personalData, unkept.keep);
    const observations = new Observations(folds, appender, personalData, clock);
    const { group, emails, systemUserId } = config.platformAdmins;
    const admins = { adminGroup: group, adminEmails: emails, systemUserId };
    for (const { id: realmId, scheme } of config.realms)
      await observations.configuration({ realmId, scheme, ...admins });
    // The first realm names the log.
    const storeId = await client.nameBy(streamOf('realm', config.realms[0]?.id ?? 'default'));

    const redis = await redisTier(options.redisUrl, logger, metrics);
    if (redis !== undefined) stops.push(() => redis.stop());
    const documents = new FollowedDocuments(store, new PostgresAccessDocuments(db), readPosition, {
      cachedDocuments: CACHED_DOCUMENTS,
      budgetMs: config.readWaitMs,
      staleAfterMs: STALE_AFTER_MS,
      onBreak: (error) => logger.warn({ err: error }, 'the log cannot be followed; trying again'),
      readModels: readModelsName(store, db, storeId),
      redis,
      listener: tierListener(metrics),
    });
    await documents.start();
    stops.push(() => documents.stop());
    const realms = await openRealms({ config, keys, clock, folds, appender, moves: documents, logger });
    stops.push(async () => realms.hosted.stop());

    const erasures = new PostgresErasures(db, readPosition, config.readWaitMs);
    const obstacles = new FindErasureObstacles(folds, erasures);
    const { commands, recorded, activity, usage } = commandsOf({
      ...{ store, db, folds, appender, personalData, unkept },
      ...{ realms, obstacles, readPosition, clock, logger },
    });
    if (options.project) {
      const eraser = new Eraser(store, folds, appender, personalData, erasures, obstacles, clock);
      stops.push(keepErasing({ eraser, logger, metrics }));
      stops.push(keepSweeping(new SecretSweep(folds, secrets), logger));
    }
    const limits = await limitsOf(config.limits, clock, options.redisUrl, storeId);
    stops.push(() => limits.stop());
    const drain = new Drain();
    const probes = healthProbes({ store, db, projector, verifier, readPosition, metrics });
    const past = new Past(folds);
    const access = new CurrentAccess(documents, folds);
    const keyCallers = new KeyCallers(access, personalData, clock);
    const machineTokens = new MachineTokens(keys, clock);
    const search = new PostgresSearchReads(db);
    const readiness = new Readiness(probes, drain, logger);
    metrics.onScrape(async () => {
      for (const [part, { ok }] of Object.entries(await readiness.parts())) metrics.partUp.set({ part }, ok ? 1 : 0);
    });
    const checks = new Checks(documents, past, clock);
    const reading = new Reading(documents, past, clock);
    const services: ApiServices = {
      publicUrl: config.publicUrl,
      trustedProxies: config.trustedProxies,
      readWaitMs: config.readWaitMs,
      logger,
      clock,
      verifier: new Credentials(realms.verifier, keyCallers, machineTokens),
      keyCallers,
      machineTokens,
      openSession: (caller, orgId) => signSession(keys, config.publicUrl, caller, orgId, clock),
      signUp: new SignUp(
        folds,
        personalData,
        new PostgresExpectations(db, store, readPosition, clock, config.readWaitMs),
      ),
      hosted: realms.hosted,
      observations,
      personalOrgs: new PersonalOrgs(folds, commands),
      pipeline: recorded,
      signIns: new SignIns(activity, access),
      recordedReads: new RecordedReads(activity, folds, new Present(documents, clock), personalData, clock),
      limits: limits.limits,
      usage,
      checks,
      reading,
      introspection: new Introspection(new PostgresIssuedKeys(db), documents, reading, usage, clock),
      personalIntrospection: new PersonalIntrospection(documents, reading),
      searches: new Searches(documents, search, readPosition, past, clock, config.readWaitMs),
      history: new History(store, folds, new ReadClaimBearers(db, store, readPosition, config.readWaitMs), clock),
      ledger,
      store,
      moves: documents,
      feedConnections: config.feedConnections,
      reads: db,
      readPosition,
      personalData,
      emailIndexes: (address) => emailIndexesOf(personalData, address),
      projections: () => projectionStatus({ db, store, projections: allProjections, projector }, clock.now()),
      storeId,
      probes,
      drain,
      metrics,
      tracing,
    };
    return { services, projector, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
