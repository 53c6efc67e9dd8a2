import { randomUUID } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import type { Database } from './database.js';
import { pause } from './failures.js';

export interface LeadershipOptions {
  readonly db: Database;
  /** What is led: one at a time holds the lease of a name. */
  readonly name: string;
  /** Called when this process has the lease and had not before. */
  readonly lead: () => void;
  /** Called when it lost the lease, or stops; awaited before it may lead again. */
  readonly yield: () => Promise<void>;
  readonly onError?: (error: unknown) => void;
  /** A holder that was not heard of for this long is replaced. */
  readonly leaseMs?: number;
  /** How often the lease is renewed, or asked for. */
  readonly everyMs?: number;
}

/** Both together bound a failover at about 3.6 s, with half a second to start. */
const LEASE_MS = 3_000;
const EVERY_MS = 500;

/**
 * Whether this process or another one is the active one: a lease in Postgres, by Postgres' own clock. Unlike a lock of a
 * session it also leaves a holder that is frozen or cut off, whose session would live on. It only spares double work:
 * two that both believe to lead are kept apart by the checkpoint.
 */
export class Leadership {
  private readonly holder = randomUUID();
  private readonly stopping = new AbortController();
  private readonly leaseMs: number;
  private readonly everyMs: number;
  private running: Promise<void> | undefined;
  private held = false;

  constructor(private readonly options: LeadershipOptions) {
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.everyMs = options.everyMs ?? EVERY_MS;
  }

  get leading(): boolean {
    return this.held;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Ends what is led first and gives the lease back then, so that a successor need not wait for its end. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    if (!this.held) return;
    await this.lose();
    await this.release().catch((error: unknown) => this.options.onError?.(error));
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let until = 0;
    while (!signal.aborted) {
      const askedAt = performance.now();
      const answer = await this.acquire();
      if (answer === 'ours') {
        until = askedAt + this.leaseMs;
        if (!this.held && !signal.aborted) {
          this.held = true;
          this.options.lead();
        }
      } else if (this.held && (answer === 'theirs' || performance.now() >= until)) {
        await this.lose();
      }
      await pause(this.everyMs, signal);
    }
  }

  private async lose(): Promise<void> {
    this.held = false;
    await this.options.yield();
  }

  /** `unknown`: Postgres did not answer in time. */
  private async acquire(): Promise<'ours' | 'theirs' | 'unknown'> {
    const late = new AbortController();
    const { db, name, onError } = this.options;
    const asked = db
      .executeQuery(CompiledQuery.raw(ACQUIRE, [name, this.holder, this.leaseMs]))
      .then(({ rows }) => (rows.length > 0 ? ('ours' as const) : ('theirs' as const)))
      .catch((error: unknown) => {
        onError?.(error);
        return 'unknown' as const;
      });
    const answer = await Promise.race([asked, pause(this.leaseMs, late.signal).then(() => 'unknown' as const)]);
    late.abort();
    return answer;
  }

  private async release(): Promise<void> {
    await this.options.db.executeQuery(CompiledQuery.raw(RELEASE, [this.options.name, this.holder]));
  }
}

/** One statement, so that of several askers one gets it; not now(), which is the time before a wait for the row. */
const ACQUIRE = `insert into durable.leases as lease (name, holder, expires_at)
  values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
  on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
  where lease.holder = excluded.holder or lease.expires_at <= clock_timestamp()
  returning holder`;
const RELEASE = 'update durable.leases set expires_at = clock_timestamp() where name = $1 and holder = $2';
