import { ConfigInvalid, loadConfig } from '#libs/platform/config.js';
import { createLogger } from '#libs/platform/logging.js';
import { KeysUnusable } from '#libs/platform/keys.js';
import { startStandalone } from './standalone.js';

/** Longer than any request; a stop that hangs must not keep a supervisor waiting. */
const STOP_WITHIN_MS = 20_000;

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logLevel);
  const starting = startStandalone(config, logger);

  let stopping = false;
  // Also while still starting: what is up by then is stopped in order.
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    starting
      .then((standalone) => standalone.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'did not stop cleanly');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  const { url } = await starting;
  const ready = {
    status: 'ready',
    url,
    ...(config.identity.developmentIssuer && {
      mode: 'development mode: tokens come from this machine, not from an identity provider',
      token: 'npx tenantry token --sub admin --email admin@localhost',
    }),
    data: config.dataDir,
    docs: `${url}/docs`,
  };
  if (!stopping) process.stdout.write(`${JSON.stringify(ready)}\n`);
}

/** Faults that a person can mend are told in one sentence; others with their stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = error instanceof ConfigInvalid || error instanceof KeysUnusable || 'code' in error;
  return known ? error.message : (error.stack ?? error.message);
}

main().catch((error: unknown) => {
  process.stderr.write(`tenantry could not start. ${explain(error)}\n`);
  process.exit(1);
});
