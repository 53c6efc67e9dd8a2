import { LRUCache } from 'lru-cache';
import { atMost } from '#libs/application/at-most.js';
import { comparePositions, type Position } from '#libs/application/ports/event-store.js';
import type { StreamDocument } from '#libs/application/ports/read-models.js';
import { type CachingTier, fieldOf, type Held, type StreamChange, type TierListener } from './tier.js';

interface Entry {
  revision: bigint;
  upTo: Position;
}

interface CachedDocument {
  /** The stream's entry that it belongs to: once that is replaced, the document counts no more. */
  readonly of: Entry;
  readonly document: unknown;
}

/** The documents that this process used last. */
export class ProcessTier implements CachingTier {
  readonly name = 'process';
  private readonly streams: LRUCache<string, Entry>;
  private readonly documents: LRUCache<string, CachedDocument>;

  constructor(
    maxDocuments: number,
    private readonly listener: TierListener = () => {},
  ) {
    this.streams = new LRUCache(atMost(maxDocuments));
    this.documents = new LRUCache(atMost(maxDocuments));
  }

  load(keys: readonly StreamDocument[]): readonly (Held | undefined)[] {
    return keys.map((key) => {
      const found = this.documents.get(cacheKey(key.stream, fieldOf(key)));
      if (found === undefined || this.streams.get(key.stream) !== found.of) return undefined;
      return { document: found.document, revision: found.of.revision, upTo: found.of.upTo };
    });
  }

  apply({ stream, from, revision, upTo, touched, documents }: StreamChange): void {
    let entry = this.streams.get(stream);
    if (entry !== undefined && entry.revision > revision) return;
    if (entry !== undefined && entry.revision < from) {
      this.listener('drop', this.name);
      entry = undefined;
    }
    if (entry === undefined) {
      entry = { revision, upTo };
      this.streams.set(stream, entry);
    } else if (entry.revision < revision) {
      for (const field of touched) this.documents.delete(cacheKey(stream, field));
      entry.revision = revision;
    }
    if (comparePositions(upTo, entry.upTo) > 0) entry.upTo = upTo;
    for (const [field, document] of documents) this.documents.set(cacheKey(stream, field), { of: entry, document });
  }

  drop(stream: string): void {
    this.streams.delete(stream);
  }

  clear(): void {
    this.streams.clear();
    this.documents.clear();
  }
}

const cacheKey = (stream: string, field: string): string => `${stream}|${field}`;
