import { sql } from 'kysely';
import { type EventStore, positionText } from '#libs/application/ports/event-store.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Database } from '#libs/readstore/database.js';
import { Lag } from '#libs/readstore/lag.js';
import { countParked } from '#libs/readstore/parked-streams.js';
import type { Projector, ProjectorStatus } from '#libs/readstore/projector.js';
import type { Verifier } from '#libs/readstore/verifier.js';
import type { HealthProbe } from './readiness.js';

const LAG_BUDGET_MS = 10_000;

interface Parts {
  readonly store: EventStore;
  readonly db: Database;
  readonly projector: Projector | undefined;
  readonly verifier: Verifier | undefined;
  readonly readPosition: ReadPosition;
  readonly metrics: Metrics;
}

/**
 * Each part is asked itself. The head of the log is read apart from the projector: one that died reports no lag.
 */
export function healthProbes({ store, db, projector, verifier, readPosition, metrics }: Parts): readonly HealthProbe[] {
  const lag = new Lag();
  return [
    {
      name: 'event-store',
      check: async () => {
        const head = await store.head();
        return { ok: true, detail: head === undefined ? {} : { head: positionText(head) } };
      },
    },
    {
      name: 'postgres',
      check: async () => {
        await sql`select 1`.execute(db);
        return { ok: true };
      },
    },
    {
      name: 'read-models',
      check: async () => {
        const [head, reached] = [await store.head(), await readPosition.current()];
        const behindMs = lag.measure(head, reached, performance.now());
        metrics.lagSeconds.set(behindMs / 1000);
        const status = projector?.status();
        const detail = {
          behindMs,
          ...(reached && { position: positionText(reached) }),
          ...(status && { projector: safe(status) }),
        };
        return { ok: status?.state !== 'halted' && behindMs < LAG_BUDGET_MS, detail };
      },
    },
    {
      name: 'organizations',
      // Red, but not out of rotation: that would take the service from everyone else.
      check: async () => {
        const parked = await countParked(db);
        metrics.parked.set(parked);
        return { ok: parked === 0, serves: true, detail: { parked } };
      },
    },
    ...(verifier === undefined ? [] : [damageProbe(verifier, metrics)]),
  ];
}

/** Which rows are damaged tells ids of customers: the log has them. */
const damageProbe = (verifier: Verifier, metrics: Metrics): HealthProbe => ({
  name: 'verifier',
  check: async () => {
    const { rounds, streams, skipped, damaged } = verifier.status();
    metrics.driftedRows.set(damaged.length);
    return {
      ok: damaged.length === 0,
      serves: true,
      detail: { rounds, streams, skipped, damagedRows: damaged.length },
    };
  },
});

/** Without the error's own words and stream, which tell addresses and organizations; the log has them. */
const safe = ({ error, ...status }: ProjectorStatus) => ({
  ...status,
  ...(error && { error: { name: error.name, ...(error.event && { type: error.event.type }) } }),
});
