import { createRemoteJWKSet, customFetch, errors, type RemoteJWKSet } from 'jose';
import { z } from 'zod';
import type { Clock } from '#libs/application/ports/clock.js';
import { isLoopback } from '../config-values.js';
import { type BoundedFetch, boundedFetch } from './bounded-fetch.js';
import { type Issuer, KeysUnreachable } from './issuer.js';

export interface RemoteIssuerOptions {
  readonly audience: string | string[];
  readonly clock: Clock;
  /** Absent: from wherever the provider says. */
  readonly fetch?: BoundedFetch;
  /** Least time between two fetches for the sake of an unknown key id, so that forged tokens cannot drive requests. */
  readonly cooldownMs?: number;
  /** Least time between two attempts while the provider fails. */
  readonly retryMs?: number;
  /** Keys are fetched anew after this, so that a withdrawn one is forgotten. */
  readonly refreshMs?: number;
  /** While the provider fails, its last keys serve for this long. */
  readonly keepMs?: number;
  readonly timeoutMs?: number;
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** An OpenID provider that publishes its keys; they are fetched when first needed. */
export function remoteIssuer(name: string, options: RemoteIssuerOptions): Issuer {
  const keys = new ProviderKeys(name, options);
  return {
    name,
    audience: options.audience,
    givesOpaqueIds: false,
    keyFor: (header, token) => keys.find((set) => set(header, token)),
  };
}

class ProviderKeys {
  private set: RemoteJWKSet | undefined;
  private loadedAt = 0;
  private attemptedAt = Number.NEGATIVE_INFINITY;
  private failing = false;
  private loading: Promise<void> | undefined;
  private readonly clock: Clock;
  private readonly fetch: BoundedFetch;
  private readonly cooldownMs: number;
  private readonly retryMs: number;
  private readonly refreshMs: number;
  private readonly keepMs: number;
  private readonly timeoutMs: number;

  constructor(
    private readonly issuer: string,
    { clock, fetch = boundedFetch, cooldownMs, retryMs, refreshMs, keepMs, timeoutMs }: RemoteIssuerOptions,
  ) {
    this.clock = clock;
    this.fetch = fetch;
    this.cooldownMs = cooldownMs ?? 60_000;
    this.retryMs = retryMs ?? 5_000;
    this.refreshMs = refreshMs ?? 600_000;
    this.keepMs = keepMs ?? 3_600_000;
    this.timeoutMs = timeoutMs ?? 3_000;
  }

  async find<Key>(lookUp: (set: RemoteJWKSet) => Promise<Key>): Promise<Key> {
    const set = await this.current();
    try {
      return await lookUp(set);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // An unknown key id may be a new key. While that cannot be found out, the token is not to blame.
      if (this.sinceAttempt() >= (this.failing ? this.retryMs : this.cooldownMs)) await this.load();
      else if (this.failing) throw this.unreachable();
      else throw error;
    }
    return lookUp(await this.current());
  }

  private async current(): Promise<RemoteJWKSet> {
    const age = this.clock.now() - this.loadedAt;
    if (this.set === undefined || age >= this.refreshMs) {
      if (this.loading !== undefined || this.sinceAttempt() >= this.retryMs) {
        await this.load().catch((error: unknown) => {
          if (this.set === undefined || age >= this.keepMs) throw error;
        });
      }
    }
    if (this.set === undefined || this.clock.now() - this.loadedAt >= this.keepMs) throw this.unreachable();
    return this.set;
  }

  private sinceAttempt(): number {
    return this.clock.now() - this.attemptedAt;
  }

  /** Requests that need it at the same time share one. */
  private load(): Promise<void> {
    this.loading ??= this.fetchKeys().finally(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  private async fetchKeys(): Promise<void> {
    this.attemptedAt = this.clock.now();
    try {
      // After a failure from the start again: the provider may have moved its keys.
      const known = this.failing ? undefined : this.set;
      const set = known ?? createRemoteJWKSet(await this.discover(), this.jwksOptions());
      await set.reload();
      this.set = set;
      this.loadedAt = this.clock.now();
      this.failing = false;
    } catch (error) {
      this.failing = true;
      throw this.unreachable(error);
    }
  }

  private unreachable(cause?: unknown): KeysUnreachable {
    return new KeysUnreachable(`the keys of ${this.issuer} could not be fetched`, { cause });
  }

  /** When to fetch is decided here, by the clock: jose itself never does. */
  private jwksOptions() {
    return {
      timeoutDuration: this.timeoutMs,
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: this.fetch,
    };
  }

  private async discover(): Promise<URL> {
    const url = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await this.fetch(url, { signal: AbortSignal.timeout(this.timeoutMs), redirect: 'manual' });
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    const { issuer, jwks_uri } = discovery.parse(await response.json());
    if (issuer !== this.issuer) throw new Error(`${url} speaks for another issuer`);
    const keys = new URL(jwks_uri);
    if (keys.protocol !== 'https:' && !(keys.protocol === 'http:' && isLoopback(keys.hostname)))
      throw new Error(`${url} names keys that are not fetched securely`);
    return keys;
  }
}
