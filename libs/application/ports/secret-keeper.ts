/** Whose secret it is, and by which id events refer to it. */
export interface SecretPlace {
  readonly orgId: string;
  readonly secretId: string;
}

/** Secrets that organizations hold, sealed under the master key. No log can rebuild them. */
export abstract class SecretKeeper {
  /**
   * Durable once answered. `onto` is the revision that the event that refers to it is about to be appended at; keeping the
   * same one again is harmless.
   */
  abstract keep(place: SecretPlace, fields: Readonly<Record<string, string>>, onto: bigint): Promise<void>;
  /** Undefined for one that was destroyed, or never kept. */
  abstract open(place: SecretPlace): Promise<Readonly<Record<string, string>> | undefined>;
  /** One alone, whether it is there or not. */
  abstract destroy(place: SecretPlace): Promise<void>;
  /**
   * Destroys what the organization, folded up to `revision`, does not refer to: neither what is `live`, nor what may be
   * on its way to be appended at that revision or a later one. Answers how many.
   */
  abstract destroyExcept(orgId: string, live: ReadonlySet<string>, revision: bigint): Promise<number>;
  /** Organizations with secrets of which no event was seen for as long. */
  abstract unconfirmed(olderThanMs: number): Promise<readonly string[]>;
  /** Destroys those of them that are not live: their event never came. Answers how many. */
  abstract destroyUnconfirmed(orgId: string, live: ReadonlySet<string>, olderThanMs: number): Promise<number>;
}
