import type { Logger } from 'pino';
import { ActivityLog } from '#libs/application/activity/activity-log.js';
import { Folds } from '#libs/application/folds.js';
import type { Ledger } from '#libs/application/ledger/ledger.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { Mailer } from '#libs/application/ports/mailer.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { SecretKeeper } from '#libs/application/ports/secret-keeper.js';
import { CheckpointWitness } from '#libs/application/reactions/checkpoint-witness.js';
import { EnvironmentCredentials } from '#libs/application/reactions/environment-credentials.js';
import { InvitationMail, type MailTold } from '#libs/application/reactions/mail.js';
import { PersonalKeyEntries } from '#libs/application/reactions/personal-keys.js';
import type { Reaction } from '#libs/application/reactions/reaction.js';
import { SecretDestruction } from '#libs/application/reactions/secret-destruction.js';
import type { Config } from '#libs/platform/config.js';
import { LiteLlmIssuer } from '#libs/platform/litellm/litellm-issuer.js';
import { AddressGuard } from '#libs/platform/outlet/address-guard.js';
import { GuardedOutlet } from '#libs/platform/outlet/guarded-outlet.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Database } from '#libs/readstore/database.js';
import { PostgresIssuedKeys } from '#libs/readstore/issued-keys.js';
import { backlogOf } from '#libs/readstore/reactions/due.js';
import { ReactionRunner } from '#libs/readstore/reactions/reaction-runner.js';
import { PostgresMemberships } from './postgres-memberships.js';

interface Parts {
  readonly config: Config;
  readonly store: EventStore;
  readonly db: Database;
  readonly readPosition: ReadPosition;
  readonly ledger: Ledger;
  readonly secrets: SecretKeeper;
  readonly personalData: PersonalData;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Organizations whose settings a reaction looks at again and again. */
const FOLDS_BYTES = 16 * 1024 * 1024;

/** Loaded only where it is configured. */
async function mailerOf({ mail }: Config): Promise<Mailer | undefined> {
  if (mail === undefined) return undefined;
  const { SmtpMailer } = await import('#libs/platform/mail/smtp-mailer.js');
  return new SmtpMailer(mail);
}

/** Every reaction of the product, each with a runner of its own. */
export async function reactionsOf({
  config,
  store,
  db,
  readPosition,
  ledger,
  secrets,
  personalData,
  clock,
  metrics,
  logger,
}: Parts): Promise<readonly ReactionRunner[]> {
  const outlet = new GuardedOutlet(new AddressGuard(config.witness.privateHosts));
  const folds = new Folds(store, FOLDS_BYTES);
  const keys = new PostgresIssuedKeys(db);
  const issuer = config.litellm === undefined ? keys : new LiteLlmIssuer(keys, config.litellm, () => clock.now());
  const mailer = await mailerOf(config);
  const told = (mail: MailTold) => {
    metrics.mails.inc({ outcome: mail.outcome });
    if (mail.outcome === 'written') logger.info({ mail }, 'a mail was written; there is no SMTP_URL to send it by');
    if (mail.outcome === 'refused') logger.warn({ mail }, 'a mail is refused for good; it is not tried again');
  };
  const reactions: readonly Reaction[] = [
    new CheckpointWitness(folds, ledger, outlet, config.witness.intervalMs),
    new SecretDestruction(folds, secrets),
    new EnvironmentCredentials(folds, secrets, issuer, clock),
    new PersonalKeyEntries(
      store,
      new PostgresMemberships(db, readPosition, config.readWaitMs),
      new ActivityLog(store, clock),
    ),
    new InvitationMail({ store, folds, personalData, mailer, clock, publicUrl: config.publicUrl, told }),
  ];
  return reactions.map((reaction) => {
    const { name } = reaction;
    metrics.onScrape(async () => {
      const backlog = await backlogOf(db, name).catch(() => undefined);
      if (backlog === undefined) return;
      metrics.reactionsWaiting.set({ reaction: name }, backlog.waiting);
      metrics.reactionLagSeconds.set({ reaction: name }, backlog.oldestSeconds);
    });
    return new ReactionRunner({
      store,
      db,
      reaction,
      onDone: () => metrics.reactions.inc({ reaction: name, outcome: 'done' }),
      onFailed: (error, key) => {
        metrics.reactions.inc({ reaction: name, outcome: 'failed' });
        logger.warn({ err: error, reaction: name, key }, 'a reaction failed; it is tried again');
      },
    });
  });
}
