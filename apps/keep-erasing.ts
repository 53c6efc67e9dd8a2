import type { Logger } from 'pino';
import type { Eraser } from '#libs/application/erasure/eraser.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import { pause } from '#libs/readstore/failures.js';

const EVERY_MS = 1000;

interface Parts {
  readonly eraser: Pick<Eraser, 'round'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Takes erasures further, round by round, and says of each what keeps it waiting when that changes. Answers how to stop. */
export function keepErasing({ eraser, logger, metrics }: Parts, everyMs = EVERY_MS): () => Promise<void> {
  const abort = new AbortController();
  const said = new Map<string, string>();
  let broken = false;
  const run = async () => {
    while (!abort.signal.aborted) {
      try {
        const results = await eraser.round();
        const seen = new Set<string>();
        metrics.erasuresPending.reset();
        for (const [{ requestId, userId }, progress] of results) {
          seen.add(requestId);
          const { kind } = progress;
          if (kind !== 'verified') metrics.erasuresPending.inc({ state: kind });
          if (said.get(requestId) === kind) continue;
          said.set(requestId, kind);
          if (kind === 'failed')
            logger.error({ err: progress.error, userId, requestId }, 'an erasure failed; trying again');
          else logger.info({ userId, requestId, ...progress }, 'erasure');
        }
        for (const requestId of said.keys()) if (!seen.has(requestId)) said.delete(requestId);
        broken = false;
      } catch (error) {
        if (!broken) logger.warn({ err: error }, 'erasures cannot be looked for; trying again');
        broken = true;
      }
      await pause(everyMs, abort.signal);
    }
  };
  const running = run();
  return async () => {
    abort.abort();
    await running;
  };
}
