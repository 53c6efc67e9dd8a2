import type { Logger } from 'pino';
import type { SecretSweep } from '#libs/application/secrets/secret-sweep.js';
import { pause } from '#libs/readstore/failures.js';

const EVERY_MS = 60_000;

/** Sweeps secrets whose event never came, round by round. Answers how to stop. */
export function keepSweeping(sweep: Pick<SecretSweep, 'round'>, logger: Logger): () => Promise<void> {
  const abort = new AbortController();
  const run = async () => {
    while (!abort.signal.aborted) {
      try {
        const destroyed = await sweep.round();
        if (destroyed > 0) logger.info({ destroyed }, 'secrets whose event never came were destroyed');
      } catch (error) {
        if (!abort.signal.aborted) logger.warn({ err: error }, 'secrets cannot be swept; trying again');
      }
      await pause(EVERY_MS, abort.signal);
    }
  };
  const running = run();
  return async () => {
    abort.abort();
    await running;
  };
}
