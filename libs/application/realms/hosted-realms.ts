import type { RealmState, RegisteredRealm } from '#libs/domain/realm/state.js';
import type { RealmIssuer } from '#libs/domain/realm/issuers.js';
import type { Folds } from '../folds.js';
import type { StreamMoves } from '../ports/stream-moves.js';
import { streamOf } from '../streams.js';
import { type RealmRegistry, registeredIn } from './realm-registry.js';

const RETRY_MS = 1000;

/** What whoever verifies tokens, or shows a login page, needs to know of a realm. */
export interface HostedRealm {
  readonly id: string;
  readonly issuers: readonly RealmIssuer[];
  /** None: whatever the providers offer. */
  readonly loginMethods: readonly string[];
  readonly signUpRule: string;
}

export interface HostedRealmsParts {
  readonly folds: Folds;
  readonly moves: StreamMoves;
  readonly registry: RealmRegistry;
  /** Realms of the configuration. */
  readonly configured: readonly string[];
  /** Is told all of them whenever one is another than before. */
  readonly onChange: (realms: readonly HostedRealm[]) => void;
  /** It is tried again by itself. */
  readonly onError: (error: unknown) => void;
}

/**
 * The realms that this process serves, as the log has them: each is read anew when its stream moves, so that a request
 * reads nothing. What another process has set counts here as soon as this one has followed the log so far.
 */
export class HostedRealms {
  private readonly realms = new Map<string, HostedRealm>();
  private readonly moved = new Set<string>();
  private readonly watched = new Set<string>();
  private readonly unwatch: (() => void)[] = [];
  private queue: Promise<void> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;

  constructor(private readonly parts: HostedRealmsParts) {}

  /** Throws where they cannot be read. */
  async start(): Promise<void> {
    for (const id of this.parts.configured) this.watch(id);
    await this.readMoved();
  }

  stop(): void {
    clearTimeout(this.retry);
    for (const end of this.unwatch.splice(0)) end();
  }

  /** Where realms are created, and who created them may see all. */
  get home(): string {
    return this.parts.registry.home;
  }

  get ids(): readonly string[] {
    return [...this.realms.keys()];
  }

  find(id: string): HostedRealm | undefined {
    return this.realms.get(id);
  }

  /** Reads a realm now, so that what this process has just appended counts in the next request to it. */
  async refresh(id: string): Promise<void> {
    this.moved.add(id);
    await this.readInTurn();
  }

  /** One that was created by command: also where whoever created it has not come to its first events. */
  private async open(id: string, registered: RegisteredRealm): Promise<void> {
    if (this.watched.has(id)) return;
    await this.parts.registry.begin(id, registered);
    this.watch(id);
  }

  private watch(id: string): void {
    this.watched.add(id);
    this.moved.add(id);
    this.unwatch.push(
      this.parts.moves.watch(streamOf('realm', id), () => {
        this.moved.add(id);
        void this.readInTurn();
      }),
    );
  }

  /** After whoever reads already. */
  private readInTurn(): Promise<void> {
    this.queue = this.queue.then(() => this.readMoved()).catch((error: unknown) => this.tryAgain(error));
    return this.queue;
  }

  private tryAgain(error: unknown): void {
    this.parts.onError(error);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.readInTurn(), RETRY_MS);
  }

  private async readMoved(): Promise<void> {
    let changed = false;
    try {
      for (const id of this.moved) {
        // It may move again while it is read.
        this.moved.delete(id);
        const realm = await this.read(id);
        changed ||= JSON.stringify(realm) !== JSON.stringify(this.realms.get(id));
        this.realms.set(id, realm);
      }
    } finally {
      if (changed) this.parts.onChange([...this.realms.values()]);
    }
  }

  private async read(id: string): Promise<HostedRealm> {
    try {
      const { folds, registry } = this.parts;
      const { state } = await folds.current('realm', id);
      if (id === registry.home)
        for (const [realmId, registered] of Object.entries(registeredIn(state))) await this.open(realmId, registered);
      return hosted(id, state);
    } catch (error) {
      this.moved.add(id);
      throw error;
    }
  }
}

function hosted(id: string, { settings }: RealmState): HostedRealm {
  const { issuers = [], loginMethods = [], signUp } = settings ?? {};
  return { id, issuers, loginMethods, signUpRule: signUp?.rule ?? 'open' };
}
