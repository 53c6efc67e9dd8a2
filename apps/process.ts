import type { Logger } from 'pino';
import { ConfigInvalid, type Config, loadConfig } from '#libs/platform/config.js';
import { KeysUnusable } from '#libs/platform/keys.js';
import { createLogger, redactLine } from '#libs/platform/logging.js';
import { StoreUnusable } from '#libs/platform/store-unusable.js';

/** Beyond the time to drain. Longer than any request; a stop that hangs must not keep a supervisor waiting. */
const STOP_WITHIN_MS = 20_000;

export interface Running {
  /** What the ready line says beside its status. */
  readonly ready: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Runs one process from its configuration to SIGTERM or SIGINT: one line on standard output once it is ready, the log on
 * standard error, exit code 0 after an orderly stop and 1 otherwise.
 */
export function runProcess(start: (config: Config, logger: Logger) => Promise<Running>): void {
  run(start).catch((error: unknown) => {
    process.stderr.write(`tenantry could not start. ${redactLine(explain(error))}\n`);
    process.exit(1);
  });
}

async function run(start: (config: Config, logger: Logger) => Promise<Running>): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logLevel);
  const starting = start(config, logger);
  let stopping = false;
  // Also while still starting: what is up by then is stopped in order.
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), config.drainMs + STOP_WITHIN_MS).unref();
    starting
      .then((running) => running.stop())
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
  const { ready } = await starting;
  if (!stopping) process.stdout.write(`${JSON.stringify({ status: 'ready', ...ready })}\n`);
}

/** Faults that a person can mend are told in one sentence; others with their stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = [ConfigInvalid, KeysUnusable, StoreUnusable].some((kind) => error instanceof kind) || 'code' in error;
  return known ? error.message : (error.stack ?? error.message);
}
