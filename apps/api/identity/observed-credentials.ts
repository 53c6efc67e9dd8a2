import { LRUCache } from 'lru-cache';
import { atMost } from '#libs/application/at-most.js';
import type { Caller } from '#libs/application/caller.js';
import type { Position } from '#libs/application/ports/event-store.js';
import type { ApiServices } from '../services.js';

const RENEW_AFTER_MS = 3_600_000;

interface Observed {
  readonly at: number;
  readonly upTo: Position | undefined;
}

/**
 * What a credential shows of its person, and what the person is given at sign-in, stands in the log before the first request
 * with it goes on, and again hourly.
 */
export class ObservedCredentials {
  private readonly observed = new LRUCache<string, Observed>(atMost(50_000));
  private readonly running = new Map<string, Promise<Observed>>();

  constructor(
    private readonly services: Pick<ApiServices, 'signUp' | 'observations' | 'personalOrgs' | 'store' | 'clock'>,
  ) {}

  /** Without waiting where that was done within the hour. */
  known({ id, credential }: Caller): Observed | undefined {
    const found = this.observed.get(`${id} ${credential}`);
    return found !== undefined && this.services.clock.now() - found.at < RENEW_AFTER_MS ? found : undefined;
  }

  /** Requests that arrive at once with the same credential wait for one observation. */
  async observe(caller: Caller): Promise<Observed> {
    const key = `${caller.id} ${caller.credential}`;
    const running = this.running.get(key) ?? this.record(caller, key);
    this.running.set(key, running);
    try {
      return await running;
    } finally {
      this.running.delete(key);
    }
  }

  private async record(caller: Caller, key: string): Promise<Observed> {
    const { signUp, observations, personalOrgs, store, clock } = this.services;
    await signUp.admit(caller);
    await observations.token(caller);
    await personalOrgs.provide(caller);
    const observed = { at: clock.now(), upTo: await store.head() };
    this.observed.set(key, observed);
    return observed;
  }
}
