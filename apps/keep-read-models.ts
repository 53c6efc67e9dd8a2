import type { Logger } from 'pino';
import { meta } from '#libs/application/metadata.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Tracing } from '#libs/platform/telemetry/tracing.js';
import type { Database } from '#libs/readstore/database.js';
import { Leadership } from '#libs/readstore/leadership.js';
import type { Projector } from '#libs/readstore/projector.js';
import type { ReactionRunner } from '#libs/readstore/reactions/reaction-runner.js';

interface Parts {
  readonly projector: Projector;
  /** Run where the projector runs. */
  readonly reactions: readonly ReactionRunner[];
  readonly db: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Starts the projector and the reactions, at once or whenever this process has the lease. Answers how to stop. */
export function keepReadModels(parts: Parts, inTurns: boolean): () => Promise<void> {
  const { projector, reactions, db, metrics, logger } = parts;
  const start = () => {
    projector.start();
    for (const reaction of reactions) reaction.start();
  };
  const stop = async () => {
    await Promise.all([projector.stop(), ...reactions.map((reaction) => reaction.stop())]);
  };
  metrics.onScrape(() => {
    const { state, lagEvents } = projector.status();
    metrics.projectorState.reset();
    metrics.projectorState.set({ state }, 1);
    metrics.lagEvents.set(lagEvents);
  });
  if (!inTurns) {
    metrics.leading.set(1);
    start();
    return stop;
  }
  let failing = false;
  const leadership = new Leadership({
    db,
    name: 'projector',
    lead: () => {
      failing = false;
      metrics.leading.set(1);
      logger.info('this projector is the active one');
      start();
    },
    yield: async () => {
      metrics.leading.set(0);
      logger.warn('this projector stands by');
      await stop();
    },
    onError: (error) => {
      if (!failing) logger.warn({ err: error }, 'the lease of the projector cannot be asked for');
      failing = true;
    },
  });
  leadership.start();
  return () => leadership.stop();
}

/** What the projector tells of each transaction, as metrics and spans. Times in milliseconds since the epoch. */
export function batchObserver(metrics: Metrics, tracing: Tracing) {
  return (events: readonly StoredEvent[], beganAt: number, endedAt: number): void => {
    metrics.batchSeconds.observe((endedAt - beganAt) / 1000);
    metrics.projectedEvents.inc(events.length);
    if (!tracing.on) return;
    const traceparents = events.flatMap(({ metadata }) => metadata[meta.traceparent] ?? []);
    tracing.projected({ traceparents, attributes: { 'tenantry.batch.events': events.length }, beganAt, endedAt });
  };
}
