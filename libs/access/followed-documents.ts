import { LRUCache } from 'lru-cache';
import { type CurrentDocuments, DocumentSource } from '#libs/application/ports/current-documents.js';
import {
  comparePositions,
  type EventStore,
  type Position,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import type {
  AccessDocuments,
  LoadedDocuments,
  ReadPosition,
  StreamDocument,
} from '#libs/application/ports/read-models.js';
import { meta } from '#libs/application/metadata.js';
import { parseStream } from '#libs/application/streams.js';
import { isCategory, touches } from '#libs/domain/aggregates.js';
import { LogFollower } from './log-follower.js';

interface Moved {
  readonly position: Position;
  readonly revision: bigint;
}

export interface FollowedDocumentsOptions {
  readonly cachedDocuments: number;
  /** How long an answer may wait for the read models. */
  readonly budgetMs: number;
  /** How long the log may be out of sight before nothing is answered any more: the published staleness. */
  readonly staleAfterMs: number;
  readonly onBreak: (error: unknown) => void;
}

/**
 * The in-process tier of the permission read model. Every event followed drops the documents it touches; a document is
 * taken from the stored ones only if those are current to what was followed of its stream. So a cached document is always
 * the one that the followed log yields, and a lagging projector makes an answer wait, not lie.
 */
export class FollowedDocuments extends DocumentSource {
  private readonly cache: LRUCache<string, { readonly document: unknown }>;
  private readonly moved: LRUCache<string, Moved>;
  /** What every stream without an entry of its own was followed up to, at least. */
  private floor: Position | undefined;
  private readonly follower: LogFollower;

  constructor(
    store: EventStore,
    private readonly stored: AccessDocuments,
    private readonly readPosition: ReadPosition,
    private readonly options: FollowedDocumentsOptions,
  ) {
    super();
    this.cache = new LRUCache({ max: options.cachedDocuments });
    this.moved = new LRUCache({
      max: options.cachedDocuments,
      dispose: ({ position }, _, why) => this.forgotten(position, why),
    });
    this.follower = new LogFollower(store, (event) => this.take(event), options.onBreak);
  }

  async start(): Promise<void> {
    await this.follower.start();
    this.floor = this.follower.position;
  }

  async stop(): Promise<void> {
    await this.follower.stop();
  }

  get position(): Position {
    return this.follower.position;
  }

  override async load(
    keys: readonly StreamDocument[],
    after: Position | undefined,
  ): Promise<CurrentDocuments | undefined> {
    const { budgetMs, staleAfterMs } = this.options;
    if (this.follower.brokenMs > staleAfterMs) return undefined;
    if (after !== undefined && !(await this.follower.reached(after, budgetMs))) return undefined;
    return this.fromCache(keys) ?? this.fromStore(keys);
  }

  private fromCache(keys: readonly StreamDocument[]): CurrentDocuments | undefined {
    const documents: unknown[] = [];
    const revisions = new Map<string, bigint>();
    for (const key of keys) {
      const cached = this.cache.get(cacheKey(key));
      if (cached === undefined) return undefined;
      documents.push(cached.document);
      if (revisions.has(key.stream)) continue;
      const moved = this.moved.get(key.stream);
      if (moved === undefined) return undefined;
      revisions.set(key.stream, moved.revision);
    }
    return { documents, revisions, position: this.follower.position };
  }

  private async fromStore(keys: readonly StreamDocument[]): Promise<CurrentDocuments | undefined> {
    const deadline = performance.now() + this.options.budgetMs;
    for (;;) {
      const loaded = await this.stored.load(keys);
      const needed = this.needed(keys);
      if (needed === undefined || (loaded.upTo !== undefined && comparePositions(loaded.upTo, needed) >= 0)) {
        this.keep(keys, loaded);
        return { documents: loaded.documents, revisions: loaded.revisions, position: loaded.upTo };
      }
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.readPosition.reached(needed, left))) return undefined;
    }
  }

  /** Documents that are ahead of what was followed are answered from, but not kept: others of their stream may be behind. */
  private keep(keys: readonly StreamDocument[], loaded: LoadedDocuments): void {
    const { upTo } = loaded;
    if (upTo === undefined || comparePositions(upTo, this.follower.position) > 0) return;
    for (const [i, key] of keys.entries()) {
      this.cache.set(cacheKey(key), { document: loaded.documents[i] });
      if (!this.moved.has(key.stream))
        this.moved.set(key.stream, { position: this.floor ?? upTo, revision: loaded.revisions.get(key.stream) ?? -1n });
    }
  }

  private needed(keys: readonly StreamDocument[]): Position | undefined {
    let needed = this.floor;
    for (const { stream } of keys) {
      const moved = this.moved.get(stream)?.position;
      if (moved !== undefined && (needed === undefined || comparePositions(moved, needed) > 0)) needed = moved;
    }
    return needed !== undefined && needed.commit === 0n && needed.prepare === 0n ? undefined : needed;
  }

  private take(event: StoredEvent): void {
    const { category } = parseStream(event.stream);
    if (!isCategory(category)) return;
    this.moved.set(event.stream, { position: event.position, revision: event.revision });
    try {
      const stamp = { id: event.id, revision: event.revision, occurredAt: event.metadata[meta.occurredAt] ?? '' };
      for (const key of touches(category, { type: event.type, data: event.data, stamp }))
        this.cache.delete(cacheKey({ ...key, stream: event.stream }));
    } catch {
      // An event of a newer build: what it touches is unknown here, so nothing that is cached can be relied on.
      this.cache.clear();
    }
  }

  private forgotten(position: Position, why: LRUCache.DisposeReason): void {
    if (why === 'evict' && (this.floor === undefined || comparePositions(position, this.floor) > 0))
      this.floor = position;
  }
}

const cacheKey = ({ stream, kind, id }: StreamDocument): string => `${stream}|${kind}|${id}`;
