import { type EventStore, type Position, positionText, type StoredEvent } from '#libs/application/ports/event-store.js';
import type { ReadModels } from './batch.js';
import { type Checkpoint, readCheckpoint, verifyWitness } from './checkpoints.js';
import { Backoff, described, failureOf, pause, type ProjectorError } from './failures.js';
import { Feed } from './feed.js';
import { HandlerFailed } from './handler-failed.js';
import { ParkedReplay } from './parked-replay.js';
import type { Poison } from './parked-streams.js';
import { projectInParts } from './parts.js';
import { assertKnown, knownHere, knownPrefix, type Knows, UnknownEvent } from './projected-event.js';
import { ensureReadSchema } from './read-schema.js';
import { readSchema } from './table.js';

export interface ProjectorOptions extends Omit<ReadModels, 'schema'> {
  readonly store: EventStore;
  readonly schema?: string;
  /** Events per transaction when many wait. */
  readonly batchSize?: number;
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
  /** How often to look again at an event type that this build does not know. */
  readonly waitMs?: number;
  /** How soon parked organizations are tried again. */
  readonly replay?: { readonly firstMs: number; readonly maxMs: number };
  readonly knows?: Knows;
  /** Told of every organization that is parked. */
  readonly onParked?: (poison: Poison) => void;
  /** Told of every stream that this projector has brought in line again. */
  readonly onUnparked?: (stream: string) => void;
  /** Told of every change of state. */
  readonly log?: (status: ProjectorStatus) => void;
}

/**
 * `retrying`: the log or Postgres is away. `waiting`: an event of a newer build is next. `halted`: an event cannot be
 * projected, or the log is not the one projected so far; a person has to act.
 */
export type ProjectorState = 'idle' | 'starting' | 'following' | 'retrying' | 'waiting' | 'halted' | 'stopped';

export interface ProjectorStatus {
  readonly state: ProjectorState;
  /** `commit/prepare`; absent while nothing was projected. */
  readonly position?: string;
  readonly error?: ProjectorError;
  /** Events read but not yet in the rows; the log may hold more. */
  readonly lagEvents: number;
}

/**
 * The one reader of the log that keeps the read models: never skips an event, never applies one twice. An organization
 * whose event cannot be projected is parked, and tried again at each start and from time to time.
 */
export class Projector {
  private readonly models: ReadModels;
  private readonly store: EventStore;
  private readonly batchSize: number;
  private readonly backoff: Backoff;
  private readonly knows: Knows;
  private readonly replay: ParkedReplay;
  private readonly listeners = new Set<(position: Position) => void>();
  private state: ProjectorState = 'idle';
  private error: ProjectorError | undefined;
  private position: Position | undefined;
  private feed: Feed | undefined;
  private abort = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: ProjectorOptions) {
    const { db, projections, personalData, observe, schema = readSchema, retry } = options;
    this.models = { db, projections, personalData, schema, observe };
    this.store = options.store;
    this.batchSize = options.batchSize ?? 1000;
    this.backoff = new Backoff(retry?.firstMs ?? 100, retry?.maxMs ?? 10_000);
    this.knows = options.knows ?? knownHere;
    this.replay = new ParkedReplay({
      models: this.models,
      store: this.store,
      knows: this.knows,
      batchSize: this.batchSize,
      backoff: new Backoff(options.replay?.firstMs ?? 1_000, options.replay?.maxMs ?? 60_000),
      onUnparked: options.onUnparked ?? (() => {}),
    });
  }

  start(): void {
    if (this.running !== undefined) return;
    this.abort = new AbortController();
    this.replay.hurry();
    this.running = this.run();
  }

  /** Lets a transaction under way finish. */
  async stop(): Promise<void> {
    this.abort.abort();
    await this.feed?.close();
    await this.running;
    this.running = undefined;
    if (this.state !== 'halted') this.enter('stopped', this.error);
  }

  status(): ProjectorStatus {
    const { state, position, error } = this;
    return {
      state,
      ...(position && { position: positionText(position) }),
      ...(error && { error }),
      lagEvents: this.feed?.waiting ?? 0,
    };
  }

  /** Calls the listener with each position that the rows have reached. Returns how to end that. */
  onCommitted(listener: (position: Position) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    this.enter('starting');
    while (!signal.aborted && this.state !== 'halted') {
      try {
        await ensureReadSchema(this.models.db, this.models.projections, this.models.schema);
        await this.readOn();
      } catch (error) {
        if (!signal.aborted) await this.failed(error);
      }
    }
  }

  /** From the stored checkpoint until another projector overtakes, or something fails. */
  private async readOn(): Promise<void> {
    let checkpoint = await readCheckpoint(this.models.db, this.models.schema);
    await verifyWitness(this.store, checkpoint);
    this.moved(checkpoint);
    assertKnown(checkpoint.eventKinds, this.knows);
    const feed = new Feed((signal) => this.store.follow(checkpoint.position, signal), 4 * this.batchSize);
    this.feed = feed;
    const ended = new AbortController();
    const replaying = this.replay.run(ended.signal);
    try {
      if (this.state !== 'waiting') this.enter('following');
      for (;;) {
        const events = this.abort.signal.aborted ? undefined : await feed.take(this.batchSize);
        if (events === undefined) return;
        const next = await this.project(checkpoint, events);
        if (next === undefined) return;
        checkpoint = next;
        this.backoff.succeeded();
        if (this.state !== 'following') this.enter('following');
      }
    } finally {
      ended.abort();
      await Promise.all([feed.close(), replaying]);
    }
  }

  /** Undefined when the checkpoint is no longer the one that was read. */
  private async project(from: Checkpoint, events: readonly StoredEvent[]): Promise<Checkpoint | undefined> {
    const { known, unknown } = knownPrefix(events, this.knows);
    const next = await projectInParts(this.models, from, events.slice(0, known), (checkpoint, poisons) => {
      this.moved(checkpoint);
      for (const poison of poisons) this.options.onParked?.(poison);
    });
    if (next !== undefined && unknown !== undefined) throw unknown;
    return next;
  }

  private async failed(error: unknown): Promise<void> {
    const { signal } = this.abort;
    switch (failureOf(error)) {
      case 'unknown':
        this.enter('waiting', described(error, error instanceof UnknownEvent ? error.event : undefined));
        return pause(this.options.waitMs ?? 5_000, signal);
      case 'poison':
        return this.enter('halted', described(error, error instanceof HandlerFailed ? error.event : undefined));
      case 'stop':
        return this.enter('halted', described(error));
      case 'retry':
        this.enter('retrying', described(error));
        return this.backoff.wait(signal);
    }
  }

  private moved({ position }: Checkpoint): void {
    this.position = position;
    if (position !== undefined) for (const listener of this.listeners) listener(position);
  }

  private enter(state: ProjectorState, error?: ProjectorError): void {
    this.state = state;
    this.error = error;
    this.options.log?.(this.status());
  }
}
