import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Checks } from '#libs/application/checks.js';
import type { Observations } from '#libs/application/observations.js';
import type { CommandPipeline } from '#libs/application/pipeline.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { TokenVerifier } from '#libs/platform/identity/token-verifier.js';

/** Whether a part works, asked of that part itself. */
export interface HealthProbe {
  readonly name: string;
  check(): Promise<{ readonly ok: boolean; readonly detail?: Readonly<Record<string, unknown>> }>;
}

/** What the HTTP side needs; the process that hosts it puts these together. */
export interface ApiServices {
  readonly publicUrl: string;
  /** Budget for waiting on a Consistency-Token. */
  readonly readWaitMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly verifier: TokenVerifier;
  readonly observations: Observations;
  readonly pipeline: CommandPipeline;
  readonly checks: Checks;
  readonly store: EventStore;
  /** The database of read models; projections' queries run on it. */
  readonly reads: Kysely<any>;
  readonly readPosition: ReadPosition;
  /** Names the log; part of every Consistency-Token. */
  readonly storeId: string;
  readonly probes: readonly HealthProbe[];
}
