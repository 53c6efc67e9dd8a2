import { LRUCache } from 'lru-cache';
import { atMost } from '#libs/application/at-most.js';
import { meta } from '#libs/application/metadata.js';
import { comparePositions, type Position, start, type StoredEvent } from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import { isCategory, touches } from '#libs/domain/aggregates.js';
import { fieldOf, type Held, type StreamChange } from './tier.js';

/** Beyond this many, tiers take a stream's documents anew instead. */
const MAX_TOUCHED = 256;

interface Movement {
  position: Position;
  revision: bigint;
  /** The touched documents are all that changed after this revision. */
  from: bigint;
  readonly touched: Set<string>;
}

/** What following the log has told of each stream: to where it moved, and which documents changed on the way. */
export class Movements {
  private readonly moved: LRUCache<string, Movement>;
  /** No stream without an entry of its own has moved since. */
  private floor: Position = start;

  constructor(maxStreams: number) {
    this.moved = new LRUCache({
      ...atMost(maxStreams),
      dispose: ({ position }, _, why) => {
        if (why === 'evict' && comparePositions(position, this.floor) > 0) this.floor = position;
      },
    });
  }

  /** Before the first event: where the log is followed from. */
  begin(position: Position): void {
    this.floor = position;
  }

  take(event: StoredEvent): void {
    const { category } = parseStream(event.stream);
    if (!isCategory(category)) return;
    const { position, revision } = event;
    const before = this.moved.get(event.stream);
    const continued = before?.revision === revision - 1n;
    const movement = continued ? before : { position, revision, from: revision - 1n, touched: new Set<string>() };
    movement.position = position;
    movement.revision = revision;
    try {
      const stamp = { id: event.id, revision, occurredAt: event.metadata[meta.occurredAt] ?? '' };
      for (const key of touches(category, { type: event.type, data: event.data, stamp }))
        movement.touched.add(fieldOf(key));
      if (movement.touched.size > MAX_TOUCHED) settle(movement);
    } catch {
      // An event of a newer build: what it touches is unknown here, so nothing from before it can be relied on.
      settle(movement);
    }
    if (!continued) this.moved.set(event.stream, movement);
  }

  /** The position that documents of the stream must be current to. */
  needed(stream: string): Position {
    return this.moved.get(stream)?.position ?? this.floor;
  }

  /** The stream's last revision; undefined where it was not seen moving. */
  revision(stream: string): bigint | undefined {
    return this.moved.get(stream)?.revision;
  }

  /** Whether this is what the log yields, up to where it was followed. For what is not ahead of that. */
  isCurrent(stream: string, { revision, upTo }: Pick<Held, 'revision' | 'upTo'>): boolean {
    const movement = this.moved.get(stream);
    if (movement === undefined) return comparePositions(upTo, this.floor) >= 0;
    return revision === movement.revision && comparePositions(upTo, movement.position) >= 0;
  }

  /** The change that brings tiers to documents which are current; the next one starts there. */
  changeTo(
    stream: string,
    { revision, upTo }: Pick<Held, 'revision' | 'upTo'>,
    documents: StreamChange['documents'],
  ): StreamChange {
    const movement = this.moved.get(stream);
    const { from, touched } = movement ?? { from: revision, touched: [] };
    const change = { stream, from, revision, upTo, touched: [...touched], documents };
    if (movement !== undefined) settle(movement);
    return change;
  }
}

function settle(movement: Movement): void {
  movement.from = movement.revision;
  movement.touched.clear();
}
