import type { Logger } from 'pino';
import { ActivityLog } from '#libs/application/activity/activity-log.js';
import { RecordedCommands } from '#libs/application/activity/recorded-commands.js';
import type { Appender } from '#libs/application/appender.js';
import { Claims } from '#libs/application/claims/claims.js';
import { CommandPaths } from '#libs/application/command-paths.js';
import type { FindErasureObstacles } from '#libs/application/erasure/obstacles.js';
import type { Folds } from '#libs/application/folds.js';
import { Judge } from '#libs/application/judge.js';
import { CommandPipeline } from '#libs/application/pipeline.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { HostedRealms } from '#libs/application/realms/hosted-realms.js';
import { RealmCommands } from '#libs/application/realms/realm-commands.js';
import type { RealmRegistry } from '#libs/application/realms/realm-registry.js';
import { RepeatedCommands } from '#libs/application/repeated-commands.js';
import { SealedCommands } from '#libs/application/secrets/sealed-commands.js';
import type { UnkeptSecrets } from '#libs/application/secrets/unkept-secrets.js';
import { UsagePipeline } from '#libs/application/usage/usage-pipeline.js';
import { UsageTail } from '#libs/application/usage/usage-tail.js';
import type { Database } from '#libs/readstore/database.js';
import { PostgresCommandIndex } from '#projections/command-index/command-index.js';
import { PostgresUsageReads } from './postgres-usage-reads.js';

interface Parts {
  readonly store: EventStore;
  readonly db: Database;
  readonly folds: Folds;
  readonly appender: Appender;
  readonly personalData: PersonalData;
  readonly unkept: UnkeptSecrets;
  readonly realms: { readonly registry: RealmRegistry; readonly hosted: HostedRealms };
  readonly obstacles: FindErasureObstacles;
  readonly readPosition: ReadPosition;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Every command's path to the log, from the one that asks for all that may stand around it to the one that appends. */
export function commandsOf(parts: Parts) {
  const { store, db, folds, appender, personalData, unkept, realms, obstacles, readPosition, clock, logger } = parts;
  const repeated = new RepeatedCommands(store, folds, new PostgresCommandIndex(db), readPosition);
  const claims = new Claims(store, folds, appender, personalData);
  const judge = new Judge(folds, obstacles, personalData, clock);
  const pipeline = new CommandPipeline(folds, appender, claims, repeated, judge, personalData, clock);
  const sealed = new SealedCommands(pipeline, unkept, personalData);
  const ofRealms = new RealmCommands(sealed, realms.registry, realms.hosted);
  const usage = new UsageTail(store, new PostgresUsageReads(db));
  const ofUsage = new UsagePipeline(folds, appender, usage, personalData, clock);
  const commands = new CommandPaths(ofRealms, ofUsage);
  const activity = new ActivityLog(store, clock);
  const recorded = new RecordedCommands(commands, activity, folds, clock, (error, lost) =>
    logger.error({ err: error, ...lost }, 'a refusal is not in the audit log'),
  );
  return { commands, recorded, activity, usage };
}
