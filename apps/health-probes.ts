import { sql } from 'kysely';
import { comparePositions, type EventStore, positionText } from '#libs/application/ports/event-store.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { Database } from '#libs/readstore/database.js';
import type { Projector } from '#libs/readstore/projector.js';
import type { HealthProbe } from './api/services.js';

const LAG_BUDGET_MS = 10_000;

interface Parts {
  readonly store: EventStore;
  readonly db: Database;
  readonly projector: Projector | undefined;
  readonly readPosition: ReadPosition;
}

/**
 * Each part is asked itself. The head of the log is read apart from the projector: one that died reports no lag.
 */
export function healthProbes({ store, db, projector, readPosition }: Parts): readonly HealthProbe[] {
  let behindSince: number | undefined;
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
        const behind = head !== undefined && (reached === undefined || comparePositions(reached, head) < 0);
        behindSince = behind ? (behindSince ?? performance.now()) : undefined;
        const behindMs = behindSince === undefined ? 0 : Math.round(performance.now() - behindSince);
        const halted = projector?.status().state === 'halted';
        const detail = {
          behindMs,
          ...(reached && { position: positionText(reached) }),
          ...(projector && { projector: projector.status() }),
        };
        return { ok: !halted && behindMs < LAG_BUDGET_MS, detail };
      },
    },
  ];
}
