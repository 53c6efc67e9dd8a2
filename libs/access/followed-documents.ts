import { type CurrentDocuments, DocumentSource } from '#libs/application/ports/current-documents.js';
import {
  comparePositions,
  type EventStore,
  type Position,
  start,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import {
  type AccessDocuments,
  type ReadPosition,
  type StreamDocument,
  StreamParked,
} from '#libs/application/ports/read-models.js';
import { LogFollower } from './log-follower.js';
import { Movements } from './movements.js';
import { ProcessTier } from './process-tier.js';
import { ReadModelsIdentity } from './read-models-identity.js';
import type { RedisTier } from './redis/redis-tier.js';
import { type Snapshot, StoredTier } from './stored-tier.js';
import { StreamWatch } from './stream-watch.js';
import { fieldOf, type Held, type StreamChange, type TierListener } from './tier.js';

export interface FollowedDocumentsOptions {
  /** At most, in this process. */
  readonly cachedDocuments: number;
  /** Streams whose movements are remembered, at most; as many as documents unless given. */
  readonly followedStreams?: number;
  /** How long an answer may wait for the read models. */
  readonly budgetMs: number;
  /** How long the log may be out of sight before nothing is answered any more: the published staleness. */
  readonly staleAfterMs: number;
  readonly onBreak: (error: unknown) => void;
  /**
   * Names the log together with the present build of the read models, so that caches of others are not believed.
   * Undefined where the read models were not built from this log: then nothing is answered. Left out: they are always the same.
   */
  readonly readModels?: () => Promise<string | undefined>;
  /** Shared by processes; stopped by whoever made it. */
  readonly redis?: RedisTier | undefined;
  readonly listener?: TierListener | undefined;
}

/**
 * The permission read model: documents current to what this process has followed of the log, from the nearest tier that
 * holds them. Why no tier, whatever it loses, can make an answer wrong: README.md beside this file.
 */
export class FollowedDocuments extends DocumentSource {
  private readonly movements: Movements;
  private readonly follower: LogFollower;
  private readonly identity: ReadModelsIdentity;
  private readonly process: ProcessTier;
  private readonly redis: RedisTier | undefined;
  private readonly stored: StoredTier;
  private readonly listener: TierListener;
  private readonly moves = new StreamWatch();

  constructor(
    store: EventStore,
    stored: AccessDocuments,
    private readonly readPosition: ReadPosition,
    private readonly options: FollowedDocumentsOptions,
  ) {
    super();
    const { cachedDocuments, followedStreams = cachedDocuments, redis, onBreak, listener = () => {} } = options;
    this.listener = listener;
    this.movements = new Movements(followedStreams);
    this.process = new ProcessTier(cachedDocuments, listener);
    this.redis = redis;
    this.stored = new StoredTier(stored);
    const take = (event: StoredEvent) => {
      this.movements.take(event);
      this.moves.tell(event.stream);
    };
    this.follower = new LogFollower(store, take, onBreak);
    this.identity = new ReadModelsIdentity(options.readModels ?? (async () => 'same'), (contents) => {
      this.process.clear();
      this.redis?.use(contents, this.follower);
    });
  }

  async start(): Promise<void> {
    await this.follower.start((position) => this.movements.begin(position));
    await this.identity.start();
  }

  async stop(): Promise<void> {
    this.identity.stop();
    await this.follower.stop();
  }

  /** As the port `StreamMoves` says. */
  watch(stream: string, onMove: () => void): () => void {
    return this.moves.watch(stream, onMove);
  }

  get position(): Position {
    return this.follower.position;
  }

  /** Throws StreamParked. */
  override async load(
    keys: readonly StreamDocument[],
    after: Position | undefined,
  ): Promise<CurrentDocuments | undefined> {
    const { budgetMs, staleAfterMs } = this.options;
    if (this.follower.brokenMs > staleAfterMs) return undefined;
    if ((this.identity.current ?? (await this.identity.look())) === undefined) return undefined;
    if (after !== undefined && !(await this.follower.reached(after, budgetMs))) return undefined;
    return this.fromProcess(keys, 'process') ?? (await this.fromRedis(keys)) ?? this.fromStored(keys);
  }

  /** Made in one go, so that all of it is of one moment: where the log was followed to. */
  private fromProcess(keys: readonly StreamDocument[], filledBy: 'process' | 'redis'): CurrentDocuments | undefined {
    const documents: unknown[] = [];
    const revisions = new Map<string, bigint>();
    let judged: string | undefined;
    for (const [index, held] of this.process.load(keys).entries()) {
      const stream = keys[index]?.stream ?? '';
      // What the process holds of one stream is of one revision, so that one judgement is enough.
      if (held === undefined || (stream !== judged && !this.movements.isCurrent(stream, held))) {
        this.listener('miss', filledBy);
        return undefined;
      }
      documents.push(held.document);
      if (stream !== judged && held.revision >= 0n) revisions.set(stream, held.revision);
      judged = stream;
    }
    this.listener('hit', filledBy);
    return { documents, revisions, position: this.follower.position };
  }

  private async fromRedis(keys: readonly StreamDocument[]): Promise<CurrentDocuments | undefined> {
    if (this.redis === undefined) return undefined;
    const present = this.process.load(keys);
    const missing = keys.filter(({ stream }, index) => {
      const held = present[index];
      return held === undefined || !this.movements.isCurrent(stream, held);
    });
    const readModels = this.identity.current;
    const held = await this.redis.load(missing);
    if (readModels === this.identity.current)
      for (const change of this.changes(missing, held)) this.process.apply(change);
    return this.fromProcess(keys, 'redis');
  }

  private async fromStored(keys: readonly StreamDocument[]): Promise<CurrentDocuments | undefined> {
    const deadline = performance.now() + this.options.budgetMs;
    for (;;) {
      const readModels = this.identity.current;
      const snapshot = await this.stored.snapshot(keys);
      if (snapshot.parked !== undefined) {
        this.drop(snapshot.parked);
        throw new StreamParked(snapshot.parked);
      }
      const needed = this.needed(keys);
      if (comparePositions(snapshot.upTo, needed) >= 0) {
        if (readModels === this.identity.current) this.keep(keys, snapshot);
        return this.answerFrom(keys, snapshot);
      }
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.readPosition.reached(needed, left))) return undefined;
    }
  }

  /** Undefined where the rows do not hold what was followed: they say that they do, so waiting would not help. */
  private answerFrom(keys: readonly StreamDocument[], { held, upTo }: Snapshot): CurrentDocuments | undefined {
    const revisions = new Map<string, bigint>();
    const followed = this.follower.position;
    const ahead = comparePositions(upTo, followed) > 0;
    for (const [index, { stream }] of keys.entries()) {
      const each = held[index];
      const known = this.movements.revision(stream) ?? -1n;
      if (each === undefined || (ahead ? each.revision < known : !this.movements.isCurrent(stream, each)))
        return undefined;
      if (each.revision >= 0n) revisions.set(stream, each.revision);
    }
    this.listener('hit', 'postgres');
    const position = ahead ? upTo : followed;
    return { documents: held.map(({ document }) => document), revisions, position };
  }

  private keep(keys: readonly StreamDocument[], { held }: Snapshot): void {
    for (const change of this.changes(keys, held)) {
      this.process.apply(change);
      void this.redis?.apply(change);
    }
  }

  /**
   * What the tiers before may take over: streams that are current, and not ahead, since documents of several streams that
   * are each ahead by another length never stood beside each other.
   */
  private changes(keys: readonly StreamDocument[], held: readonly (Held | undefined)[]): StreamChange[] {
    const streams = new Map<string, { of: Held; documents: Map<string, unknown> }>();
    for (const [index, key] of keys.entries()) {
      const each = held[index];
      if (each === undefined || comparePositions(each.upTo, this.follower.position) > 0) continue;
      if (!this.movements.isCurrent(key.stream, each)) continue;
      const stream = streams.get(key.stream) ?? { of: each, documents: new Map<string, unknown>() };
      stream.documents.set(fieldOf(key), each.document);
      streams.set(key.stream, stream);
    }
    return [...streams].map(([stream, { of, documents }]) => this.movements.changeTo(stream, of, documents));
  }

  private needed(keys: readonly StreamDocument[]): Position {
    return keys
      .map(({ stream }) => this.movements.needed(stream))
      .reduce((furthest, each) => (comparePositions(each, furthest) > 0 ? each : furthest), start);
  }

  private drop(stream: string): void {
    this.process.drop(stream);
    void this.redis?.drop(stream);
  }
}
