import { LRUCache } from 'lru-cache';
import { atMost } from '#libs/application/at-most.js';
import type { Caller } from '#libs/application/caller.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { RateLimits } from '#libs/platform/config-limits.js';
import { Problem } from '../problems/problem.js';
import { type Quota, waitMs } from './bucket.js';
import { type Buckets, type Taken } from './buckets.js';

export type Limited = Exclude<keyof RateLimits, 'refusals' | 'tokens'>;

const WINDOW_MS = 60_000;
const MAX_RELATIONS = 50_000;

/** What a response says of itself; a Fastify reply is one. */
export interface Headers {
  header(name: string, value: string): unknown;
}

export interface Asked {
  readonly kind: Limited;
  readonly caller: Pick<Caller, 'realm' | 'id'>;
  /** How much is asked for, by organization; '' for what is of none. */
  readonly costs: ReadonlyMap<string, number>;
}

/**
 * How much a caller, and all callers of an organization together, may ask for within a minute. Commands and reads that are
 * refused have limits of their own, beyond which none is looked at.
 */
export class Limits {
  /** Callers who were seen to belong to an organization: only these count there, and only they learn what is left there. */
  private readonly relations = new LRUCache<string, true>(atMost(MAX_RELATIONS));

  constructor(
    private readonly limits: RateLimits,
    private readonly buckets: Buckets,
    private readonly clock: Clock,
  ) {}

  /** Counts a request before anything of it is looked at, and says so in the headers. Throws a problem where it is too much. */
  async admit(asked: Asked, reply: Headers): Promise<void> {
    const { kind, caller } = asked;
    const refusals = refusalsOf[kind];
    if (refusals !== undefined && this.limits.refusals.caller !== null) {
      const quota = quotaOf(this.limits.refusals.caller);
      const refused = this.buckets.look(bucketOf(refusals, caller), quota);
      if (!refused.taken) throw this.tooMany(refusals, quota, refused, 1);
    }
    const states: State[] = [];
    try {
      await this.take(states, kind, this.limits[kind].caller, bucketOf(kind, caller), total(asked.costs));
      for (const [orgId, cost] of asked.costs)
        if (this.relations.has(relationOf(caller, orgId)))
          await this.take(states, `${kind}-org`, this.limits[kind].org, orgBucketOf(kind, orgId), cost);
    } finally {
      this.tell(states, reply);
    }
  }

  /**
   * Counts an exchange of a key for a token: every one by the address that it comes from, before anything of it is looked at; by
   * the client only once its key was good, so that nobody uses up what is another's. Throws as above.
   */
  async admitToken(of: { readonly address: string } | { readonly client: string }, reply: Headers): Promise<void> {
    const [kind, id] = 'address' in of ? ['address', of.address] : ['client', of.client];
    const states: State[] = [];
    try {
      await this.take(states, 'tokens', this.limits.tokens.caller, `tokens-${kind} ${id}`, 1);
    } finally {
      this.tell(states, reply);
    }
  }

  /** The answer showed that the caller belongs to the organization: from now on its requests count there too. */
  belongs({ kind, caller, costs }: Asked, orgId: string): void {
    const relation = relationOf(caller, orgId);
    if (orgId === '' || this.relations.has(relation)) return;
    this.relations.set(relation, true);
    const limit = this.limits[kind].org;
    if (limit === null) return;
    const quota = quotaOf(limit);
    this.buckets.charge(orgBucketOf(kind, orgId), quota, Math.min(costs.get(orgId) ?? 1, quota.tokens));
  }

  /** A command of the caller, or a read whose refusal is recorded, was refused. */
  refused(kind: 'commands' | 'queries', caller: Asked['caller']): void {
    const { caller: limit } = this.limits.refusals;
    if (limit !== null) this.buckets.charge(bucketOf(refusalsOf[kind], caller), quotaOf(limit), 1);
  }

  private async take(states: State[], policy: string, limit: number | null, bucket: string, cost: number) {
    if (limit === null || cost === 0) return;
    const quota = quotaOf(limit);
    // More than all is all: otherwise it could never be asked for.
    const tokens = Math.min(cost, quota.tokens);
    const taking = this.buckets.take(bucket, quota, tokens);
    // Where nobody has to be asked, nothing is waited for: this stands before every check.
    const taken = taking instanceof Promise ? await taking : taking;
    states.push({ policy, quota, taken });
    if (!taken.taken) throw this.tooMany(policy, quota, taken, tokens);
  }

  private tooMany(policy: string, quota: Quota, { fullAt }: Taken, tokens: number): Problem {
    const seconds = Math.max(1, Math.ceil(waitMs(fullAt, quota, this.clock.now(), tokens) / 1000));
    return new Problem('too_many_requests', { policy }, { 'retry-after': `${seconds}` });
  }

  /** As draft-ietf-httpapi-ratelimit-headers-11 writes them: quota and window; what is left, and when all of it is. */
  private tell(states: readonly State[], reply: Headers): void {
    if (states.length === 0) return;
    const now = this.clock.now();
    const each = (write: (state: State) => string) =>
      states.map((state) => `"${state.policy}";${write(state)}`).join(', ');
    reply.header(
      'ratelimit-policy',
      each(({ quota }) => `q=${quota.tokens};w=${quota.windowMs / 1000}`),
    );
    reply.header(
      'ratelimit',
      each(({ taken }) => `r=${taken.left};t=${Math.max(0, Math.ceil((taken.fullAt - now) / 1000))}`),
    );
  }
}

interface State {
  readonly policy: string;
  readonly quota: Quota;
  readonly taken: Taken;
}

/** Where refusals count, which limit what is looked at: an answer of no to a check is none. */
const refusalsOf = {
  commands: 'refusals',
  queries: 'refused-reads',
  exports: 'refused-reads',
  checks: undefined,
  searches: undefined,
} as const satisfies Record<Limited, string | undefined>;

const quotaOf = (tokens: number): Quota => ({ tokens, windowMs: WINDOW_MS });
// Ids hold no spaces.
const bucketOf = (kind: string, { realm, id }: Asked['caller']): string => `${kind} ${realm} ${id}`;
const orgBucketOf = (kind: string, orgId: string): string => `${kind}-org ${orgId}`;
const relationOf = ({ realm, id }: Asked['caller'], orgId: string): string => `${realm} ${id} ${orgId}`;

function total(costs: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const cost of costs.values()) sum += cost;
  return sum;
}
