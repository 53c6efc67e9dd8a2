import { LRUCache } from 'lru-cache';
import type { Category } from '#libs/domain/aggregates.js';
import { BYTES_PER_EVENT, emptyFold, type Folded, step } from './fold.js';
import { meta } from './metadata.js';
import { type PastFold, PastFolds } from './past-folds.js';
import type { Clock } from './ports/clock.js';
import type { EventStore, Position, StoredEvent } from './ports/event-store.js';
import type { Snapshots } from './snapshots/snapshots.js';
import { streamOf } from './streams.js';
import type { UpTo } from './up-to.js';

/** Where a command's events stand, remembered while they are recent. */
export interface RememberedCommand {
  readonly firstRevision: bigint;
  readonly lastRevision: bigint;
  readonly payloadDigest: string;
  readonly position: Position;
}

interface Entry<C extends Category> {
  folded: Folded<C>;
  /** The commands of the newest events; older ones are in the command index. */
  readonly commands: Map<string, RememberedCommand>;
  /** Position up to which commands were forgotten; undefined while none was. */
  forgottenUpTo: Position | undefined;
  bytes: number;
}

/** Commands remembered for each stream before the index in the read models must answer. */
const REMEMBERED = 10_000;

/**
 * Folded streams, kept current by reading only their tails and forgotten by size, least recently used first.
 * A cached fold may lag behind the store: whoever answers from it either appends at its revision or reads the tail first.
 */
export class Folds {
  private readonly entries: LRUCache<string, Entry<Category>>;
  private readonly pastFolds: PastFolds;
  /** Reads that begin once the present turn is over. */
  private readonly beginning = new Map<string, Promise<unknown>>();

  constructor(
    private readonly store: EventStore,
    cacheBytes = 96 * 1024 * 1024,
    private readonly snapshots?: Snapshots,
    /** By which what is long past is known to change no more; without it, that is looked up each time. */
    clock?: Clock,
  ) {
    this.pastFolds = new PastFolds(store, snapshots, clock);
    // A stream that outgrows the cache is kept nevertheless while it is used: to fold it for each command costs more.
    this.entries = new LRUCache({
      maxSize: cacheBytes,
      sizeCalculation: ({ bytes }) => Math.min(bytes, Math.ceil(cacheBytes / 2)),
    });
  }

  /** The fold as last seen, which may be stale; reads the stream where nothing is cached. */
  async recent<C extends Category>(category: C, id: string): Promise<Folded<C>> {
    return this.cached<C>(streamOf(category, id))?.folded ?? this.current(category, id);
  }

  /** The fold of everything the store held when this was called. Whoever asks in the same turn shares one read. */
  current<C extends Category>(category: C, id: string): Promise<Folded<C>> {
    const stream = streamOf(category, id);
    const begun = this.beginning.get(stream);
    // The stream's name begins with its category, so it is read to that category's state.
    if (begun !== undefined) return begun as Promise<Folded<C>>;
    const reading = Promise.resolve().then(() => {
      this.beginning.delete(stream);
      return this.upToDate(category, id);
    });
    this.beginning.set(stream, reading);
    return reading;
  }

  private async upToDate<C extends Category>(category: C, id: string): Promise<Folded<C>> {
    const stream = streamOf(category, id);
    const entry = this.cached<C>(stream) ?? newEntry(category);
    for await (const page of this.store.read(stream, entry.folded.revision + 1n)) extend(category, entry, page);
    this.keep(category, id, entry);
    return entry.folded;
  }

  /** Adds events just appended to what is cached of their stream; without effect where nothing is. */
  appended<C extends Category>(category: C, id: string, events: readonly StoredEvent[]): void {
    const stream = streamOf(category, id);
    const entry = this.cached<C>(stream) ?? (events[0]?.revision === 0n ? newEntry(category) : undefined);
    const [first] = events;
    if (entry === undefined || first === undefined) return;
    // Others have appended in between, and a reader will bring their events: what is cached stays as it is.
    if (first.revision > entry.folded.revision + 1n) return;
    extend(category, entry, events);
    this.keep(category, id, entry);
  }

  /** Drops what is cached of a stream of which an append may or may not have happened: it is read anew. */
  forget(stream: string): void {
    this.entries.delete(stream);
  }

  /**
   * A command among the recent events of the stream, and the position up to which only the index knows: all that is
   * folded (`foldedUpTo`) where the stream is too large to be cached.
   */
  command(
    stream: string,
    commandId: string,
    foldedUpTo: Position | undefined,
  ): { found: RememberedCommand | undefined; forgottenUpTo: Position | undefined } {
    const entry = this.entries.get(stream);
    if (entry === undefined) return { found: undefined, forgottenUpTo: foldedUpTo };
    return { found: entry.commands.get(commandId), forgottenUpTo: entry.forgottenUpTo };
  }

  /** The stream folded up to the last whole command within what is asked for. */
  past<C extends Category>(category: C, id: string, upTo: UpTo): Promise<PastFold<C>> {
    return this.pastFolds.fold(category, id, upTo, this.cached<C>(streamOf(category, id))?.folded);
  }

  private keep<C extends Category>(category: C, id: string, entry: Entry<C>): void {
    const stream = streamOf(category, id);
    // A slow reader that began on an empty cache must not take back what a faster one has brought.
    const present = this.cached<C>(stream);
    if (present !== undefined && present !== entry && present.folded.revision > entry.folded.revision) return;
    // The cache measures an entry when it comes in: put it in anew, as it has grown.
    this.entries.delete(stream);
    this.entries.set(stream, entry as unknown as Entry<Category>);
    if (category === 'org') this.snapshots?.present(id, entry.folded as Folded<'org'>);
  }

  private cached<C extends Category>(stream: string): Entry<C> | undefined {
    // The stream's name begins with its category, so an entry under it has that category's state.
    return this.entries.get(stream) as Entry<C> | undefined;
  }
}

const newEntry = <C extends Category>(category: C): Entry<C> => ({
  folded: emptyFold(category),
  commands: new Map(),
  forgottenUpTo: undefined,
  bytes: BYTES_PER_EVENT,
});

/** Passes over events that are folded already: two readers of one tail may both bring them. */
function extend<C extends Category>(category: C, entry: Entry<C>, events: readonly StoredEvent[]): void {
  for (const event of events) {
    if (event.revision <= entry.folded.revision) continue;
    if (event.revision !== entry.folded.revision + 1n)
      throw new Error(
        `${event.stream}: folded up to revision ${entry.folded.revision}, but the next is ${event.revision}`,
      );
    entry.folded = step(category, entry.folded, event);
    entry.bytes += BYTES_PER_EVENT;
    remember(entry, event);
  }
}

function remember(
  entry: { commands: Map<string, RememberedCommand>; forgottenUpTo: Position | undefined },
  event: StoredEvent,
): void {
  const id = event.metadata[meta.commandId];
  if (id === undefined) return;
  const before = entry.commands.get(id);
  entry.commands.set(id, {
    firstRevision: before?.firstRevision ?? event.revision,
    lastRevision: event.revision,
    payloadDigest: event.metadata[meta.payloadDigest] ?? '',
    position: event.position,
  });
  if (entry.commands.size <= REMEMBERED) return;
  const [oldest] = entry.commands;
  if (oldest === undefined) return;
  entry.commands.delete(oldest[0]);
  entry.forgottenUpTo = oldest[1].position;
}
