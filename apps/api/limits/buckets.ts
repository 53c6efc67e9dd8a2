import { LRUCache } from 'lru-cache';
import type { SharedQuotas } from '#libs/access/redis/shared-quotas.js';
import { atMost } from '#libs/application/at-most.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { charged, grant, left, type Quota, refunded } from './bucket.js';

/** Who was not heard of for longest begins anew; a bucket takes some hundred bytes. */
const MAX_BUCKETS = 50_000;
/** The share of a quota that a process takes from Redis at once, to hand out by itself. */
const LEASED_SHARE = 100;

/** Tokens taken from Redis and not yet handed out. */
interface Lease {
  tokens: number;
  fullAt: number;
  readonly at: number;
}

/** Whether Redis answered, and whether it had so many tokens. */
type Asked = 'away' | { readonly wanted: number; readonly given: boolean };

export interface Taken {
  readonly taken: boolean;
  readonly left: number;
  /** Milliseconds since the epoch. */
  readonly fullAt: number;
}

/**
 * Buckets of tokens by name. Each process counts by itself what it hands out; where there is a Redis, it hands out only what
 * it has taken from there, a hundredth of the quota at a time, so that all processes together keep to the quota. Without
 * Redis, or while that is away, the own count holds alone.
 */
export class Buckets {
  private readonly own = new LRUCache<string, number>(atMost(MAX_BUCKETS));
  private readonly leases = new LRUCache<string, Lease>(atMost(MAX_BUCKETS));
  private readonly asking = new Map<string, Promise<Asked>>();

  constructor(
    private readonly clock: Clock,
    private readonly shared: Pick<SharedQuotas, 'take'> | undefined,
  ) {}

  /** Takes so many tokens, or none. Never waits where no Redis has to be asked. */
  take(name: string, quota: Quota, tokens: number): Taken | Promise<Taken> {
    const now = this.clock.now();
    const granted = grant(this.own.get(name), quota, now, { least: tokens, most: tokens });
    this.own.set(name, granted.fullAt);
    if (granted.tokens === 0) return { taken: false, left: 0, fullAt: granted.fullAt };
    if (this.shared === undefined || this.fromLease(name, quota, tokens, now)) return this.taken(name, quota, now);
    return this.leased(name, quota, tokens);
  }

  /** Takes the tokens whether or not they are there, without waiting. */
  charge(name: string, quota: Quota, tokens: number): void {
    const now = this.clock.now();
    this.own.set(name, charged(this.own.get(name), quota, now, tokens));
    // What others took meanwhile counts from now on; where Redis is away, only what this process knows.
    void this.shared?.take(name, { ...quota, now, least: tokens, most: tokens, forced: true }).then((answer) => {
      if (answer !== undefined) this.own.set(name, Math.max(this.own.get(name) ?? 0, answer.fullAt));
    });
  }

  /** How the bucket stands, as far as this process knows. */
  look(name: string, quota: Quota): Taken {
    const now = this.clock.now();
    const fullAt = this.own.get(name) ?? now;
    const tokens = left(fullAt, quota, now);
    return { taken: tokens > 0, left: tokens, fullAt };
  }

  private taken(name: string, quota: Quota, now: number): Taken {
    const lease = this.shared && this.leases.get(name);
    const own = this.own.get(name) ?? now;
    // The tokens of the lease count as taken there, and are still to be had here.
    const together = lease === undefined ? own : Math.max(own, refunded(lease.fullAt, quota, lease.tokens));
    return { taken: true, left: left(together, quota, now), fullAt: Math.max(now, together) };
  }

  private fromLease(name: string, { windowMs }: Quota, tokens: number, now: number): boolean {
    const lease = this.leases.get(name);
    if (lease === undefined || lease.tokens < tokens || now - lease.at >= windowMs) return false;
    lease.tokens -= tokens;
    return true;
  }

  private async leased(name: string, quota: Quota, tokens: number): Promise<Taken> {
    for (;;) {
      const asked = await this.ask(name, quota, tokens);
      const now = this.clock.now();
      if (asked === 'away' || this.fromLease(name, quota, tokens, now)) return this.taken(name, quota, now);
      // Others may have asked for more, or have been given what was brought.
      if (asked.given || asked.wanted > tokens) continue;
      this.own.set(name, refunded(this.own.get(name) ?? now, quota, tokens));
      return { taken: false, left: 0, fullAt: this.leases.get(name)?.fullAt ?? now };
    }
  }

  /** One question at a time about one bucket. */
  private ask(name: string, quota: Quota, tokens: number): Promise<Asked> {
    const running = this.asking.get(name);
    if (running !== undefined) return running;
    const asking = this.bring(name, quota, tokens).finally(() => this.asking.delete(name));
    this.asking.set(name, asking);
    return asking;
  }

  /** Brings the lease up to the tokens wanted, if Redis has them. */
  private async bring(name: string, quota: Quota, wanted: number): Promise<Asked> {
    const now = this.clock.now();
    const least = Math.max(1, wanted - this.restOf(name, quota, now));
    const most = Math.max(least, Math.floor(quota.tokens / LEASED_SHARE));
    const answer = await this.shared?.take(name, { ...quota, now, least, most });
    if (answer === undefined) return 'away';
    const tokens = this.restOf(name, quota, now) + answer.tokens;
    this.leases.set(name, { tokens, fullAt: answer.fullAt, at: now });
    return { wanted, given: answer.tokens > 0 };
  }

  private restOf(name: string, { windowMs }: Quota, now: number): number {
    const lease = this.leases.get(name);
    return lease !== undefined && now - lease.at < windowMs ? lease.tokens : 0;
  }
}
