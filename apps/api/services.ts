import type { Logger } from 'pino';
import type { Caller } from '#libs/application/caller.js';
import type { Checks } from '#libs/application/checks.js';
import type { Introspection } from '#libs/application/credentials/introspection.js';
import type { PersonalIntrospection } from '#libs/application/credentials/personal-introspection.js';
import type { History } from '#libs/application/history/history.js';
import type { Ledger } from '#libs/application/ledger/ledger.js';
import type { KeyCallers } from '#libs/application/key-callers.js';
import type { Observations } from '#libs/application/observations.js';
import type { SignIns } from '#libs/application/activity/sign-ins.js';
import type { RecordedReads } from '#libs/application/activity/recorded-reads.js';
import type { PersonalOrgs } from '#libs/application/personal-orgs.js';
import type { CommandPipeline } from '#libs/application/pipeline.js';
import type { HostedRealms } from '#libs/application/realms/hosted-realms.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { StreamMoves } from '#libs/application/ports/stream-moves.js';
import type { UsageTail } from '#libs/application/usage/usage-tail.js';
import type { Reading } from '#libs/application/reading.js';
import type { SignUp } from '#libs/application/sign-up.js';
import type { Searches } from '#libs/application/searches.js';
import type { RateLimit } from '#libs/platform/config-limits.js';
import type { Credentials } from '#libs/platform/identity/credentials.js';
import type { MachineTokens } from '#libs/platform/identity/machine-tokens.js';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Tracing } from '#libs/platform/telemetry/tracing.js';
import type { Database } from '#libs/readstore/database.js';
import type { ProjectionStatus } from '#libs/readstore/projection-status.js';
import type { Drain } from '../drain.js';
import type { HealthProbe } from '../readiness.js';
import type { Limits } from './limits/limits.js';

/** What the HTTP side needs; the process that hosts it puts these together. A class, so that Nest can inject it by type. */
export abstract class ApiServices {
  abstract readonly publicUrl: string;
  /** Addresses and networks of proxies, which are believed where requests come from. */
  abstract readonly trustedProxies: readonly string[];
  /** Budget for waiting on a Consistency-Token. */
  abstract readonly readWaitMs: number;
  abstract readonly logger: Logger;
  abstract readonly clock: Clock;
  abstract readonly verifier: Pick<Credentials, 'verify'>;
  abstract readonly keyCallers: KeyCallers;
  abstract readonly machineTokens: MachineTokens;
  /** A token of the caller that is scoped to one organization; its lifetime in seconds. */
  abstract readonly openSession: (
    caller: Caller,
    orgId: string,
  ) => Promise<{ readonly token: string; readonly expiresIn: number }>;
  abstract readonly signUp: SignUp;
  abstract readonly hosted: Pick<HostedRealms, 'find' | 'ids' | 'home'>;
  abstract readonly observations: Observations;
  abstract readonly personalOrgs: PersonalOrgs;
  abstract readonly pipeline: Pick<CommandPipeline, 'execute'>;
  abstract readonly recordedReads: RecordedReads;
  abstract readonly signIns: SignIns;
  abstract readonly limits: Limits;
  abstract readonly usage: UsageTail;
  abstract readonly checks: Checks;
  abstract readonly reading: Reading;
  abstract readonly introspection: Introspection;
  abstract readonly personalIntrospection: PersonalIntrospection;
  abstract readonly searches: Searches;
  abstract readonly history: History;
  abstract readonly ledger: Ledger;
  abstract readonly store: EventStore;
  abstract readonly moves: StreamMoves;
  /** Feeds of changes that may be open at once in this process. */
  abstract readonly feedConnections: RateLimit;
  /** The database of read models; projections' queries run on it. */
  abstract readonly reads: Database;
  abstract readonly readPosition: ReadPosition;
  abstract readonly personalData: PersonalData;
  /** The keyed index of an address. */
  abstract readonly emailIndexes: (address: string) => readonly string[];
  abstract readonly projections: () => Promise<ProjectionStatus>;
  /** Names the log; part of every Consistency-Token. */
  abstract readonly storeId: string;
  abstract readonly probes: readonly HealthProbe[];
  abstract readonly drain: Drain;
  abstract readonly metrics: Metrics;
  abstract readonly tracing: Tracing;
}
