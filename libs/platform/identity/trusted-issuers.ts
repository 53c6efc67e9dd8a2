import type { JWTPayload } from 'jose';
import type { HostedRealm } from '#libs/application/realms/hosted-realms.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { own } from '#libs/domain/access/documents.js';
import type { RealmIssuer } from '#libs/domain/realm/issuers.js';
import type { Config } from '../config.js';
import type { Keys } from '../keys.js';
import { type BoundedFetch, boundedFetch } from './bounded-fetch.js';
import { devIssuer } from './dev-issuer.js';
import type { Issuer } from './issuer.js';
import { remoteIssuer } from './remote-issuer.js';
import { sessionIssuer } from './session-tokens.js';

type Trusting = Pick<Config, 'identity' | 'realms' | 'publicUrl'>;

/** Whose tokens are accepted: providers of the configuration, and those that realms have set. */
export class TrustedIssuers {
  /** Providers with the keys that they have published, so that these outlive a change of others. */
  private readonly providers = new Map<string, Issuer>();

  constructor(
    private readonly config: Trusting,
    private readonly keys: Keys,
    private readonly clock: Clock,
    /** For providers that realms have named. */
    private readonly fetch: BoundedFetch = boundedFetch,
  ) {}

  /** With those of the realms; a provider of the configuration is what the configuration says. */
  of(hosted: readonly HostedRealm[] = []): readonly Issuer[] {
    const { identity, publicUrl, realms } = this.config;
    const configured = realms.map(({ id }) => id);
    const all = [...new Set([...configured, ...hosted.map(({ id }) => id)])];
    const named = hosted
      .flatMap((realm) => realm.issuers.map((issuer) => this.set(issuer, realm)))
      .filter(({ name }) => !identity.issuers.includes(name));
    const sessions = sessionIssuer(this.keys, publicUrl, all);
    if (identity.developmentIssuer) return [sessions, devIssuer(this.keys, all), ...named];
    return [sessions, ...identity.issuers.map((name) => this.configured(name)), ...named];
  }

  private configured(name: string): Issuer {
    const { identity } = this.config;
    const provider = this.provider(name, () => remoteIssuer(name, { audience: identity.audience, clock: this.clock }));
    return { ...provider, realms: [realmOfIssuer(this.config, name)] };
  }

  private set(definition: RealmIssuer, { id, loginMethods }: HostedRealm): Issuer {
    const { issuer, audiences, claims = {} } = definition;
    const provider = this.provider(JSON.stringify([issuer, audiences]), () =>
      remoteIssuer(issuer, { audience: [...audiences], clock: this.clock, fetch: this.fetch }),
    );
    const { loginMethod } = claims;
    const tells = loginMethod !== undefined && loginMethods.length > 0;
    return {
      ...provider,
      realms: [id],
      standardClaims: (payload) => standard(payload, claims),
      ...(tells ? { admits: (payload) => isOffered(own(payload, loginMethod), loginMethods) } : {}),
    };
  }

  private provider(key: string, make: () => Issuer): Issuer {
    const provider = this.providers.get(key) ?? make();
    this.providers.set(key, provider);
    return provider;
  }
}

/** Where a provider of the configuration is nobody's, its people are of the first realm. */
export function realmOfIssuer({ realms }: Pick<Config, 'realms'>, name: string): string {
  return (realms.find(({ issuer }) => issuer === name) ?? realms[0])?.id ?? '';
}

const standardNames = {
  subject: 'sub',
  email: 'email',
  emailVerified: 'email_verified',
  name: 'name',
  groups: 'groups',
} as const;

function standard(payload: JWTPayload, claims: NonNullable<RealmIssuer['claims']>): JWTPayload {
  const named = Object.entries(standardNames).flatMap(([ours, theirs]) => {
    const claim = claims[ours as keyof typeof standardNames];
    return claim === undefined ? [] : [[theirs, own(payload, claim)]];
  });
  return { ...payload, ...Object.fromEntries(named) };
}

/** A claim such as `amr` holds several; one of them is enough. A token that does not tell is none of an offered way. */
function isOffered(told: unknown, loginMethods: readonly string[]): boolean {
  const ways: readonly unknown[] = Array.isArray(told) ? told : [told];
  return ways.some((way) => typeof way === 'string' && loginMethods.includes(way));
}
