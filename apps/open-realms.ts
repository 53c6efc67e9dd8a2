import type { Logger } from 'pino';
import type { Appender } from '#libs/application/appender.js';
import type { Folds } from '#libs/application/folds.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { StreamMoves } from '#libs/application/ports/stream-moves.js';
import { HostedRealms } from '#libs/application/realms/hosted-realms.js';
import { RealmRegistry } from '#libs/application/realms/realm-registry.js';
import { Recorder } from '#libs/application/recorder.js';
import { DEFAULT_REALM } from '#libs/domain/access/documents.js';
import type { Config } from '#libs/platform/config.js';
import { TokenVerifier } from '#libs/platform/identity/token-verifier.js';
import { realmOfIssuer, TrustedIssuers } from '#libs/platform/identity/trusted-issuers.js';
import type { Keys } from '#libs/platform/keys.js';
import { AddressGuard } from '#libs/platform/outlet/address-guard.js';
import { guardedFetch } from '#libs/platform/outlet/guarded-fetch.js';

interface Parts {
  readonly config: Config;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly folds: Folds;
  readonly appender: Appender;
  readonly moves: StreamMoves;
  readonly logger: Logger;
}

export interface OpenRealms {
  readonly registry: RealmRegistry;
  readonly hosted: HostedRealms;
  /** Trusts whom the configuration and the realms do, from one change of theirs to the next. */
  readonly verifier: TokenVerifier;
}

/** The realms of the deployment, followed; stopped by whoever opened them. Throws where the configuration contradicts the log. */
export async function openRealms(parts: Parts): Promise<OpenRealms> {
  const { config, keys, clock, folds, appender, moves, logger } = parts;
  const [home = { id: DEFAULT_REALM }] = config.realms;
  const registry = new RealmRegistry(folds, new Recorder(folds, appender, clock), home.id);
  for (const name of config.identity.issuers) {
    const realm = realmOfIssuer(config, name);
    if (!(await registry.claim(realm, [name])))
      throw new Error(`OIDC_ISSUERS and REALMS give ${name} to the realm ${realm}, but it is of another one for good`);
  }
  const trusted = new TrustedIssuers(config, keys, clock, guardedFetch(new AddressGuard(config.witness.privateHosts)));
  const verifier = new TokenVerifier(trusted.of(), keys, clock);
  const hosted = new HostedRealms({
    folds,
    moves,
    registry,
    configured: config.realms.map(({ id }) => id),
    onChange: (realms) => verifier.use(trusted.of(realms)),
    onError: (error) => logger.warn({ err: error }, 'a realm cannot be read; trying again'),
  });
  await hosted.start();
  return { registry, hosted, verifier };
}
