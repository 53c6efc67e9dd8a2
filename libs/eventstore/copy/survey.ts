import { isSystemStream, type LogEvent } from './log-event.js';

/** A stream was deleted or cut: a copy of what is left of it would have other revisions, or show what was taken away. */
export class NotCopyable extends Error {
  override readonly name = 'NotCopyable';
}

const METADATA_OF = '$$';
const RETENTION = ['$tb', '$maxCount', '$maxAge'];

/**
 * Watches a log pass by, from its start, for streams that a copy could not keep. Holds one entry for each stream, about
 * 100 bytes.
 */
export class Survey {
  private readonly revisions = new Map<string, bigint>();
  private readonly retained = new Map<string, string>();

  /** @param where what messages call this log */
  constructor(private readonly where: string) {}

  get streams(): number {
    return this.revisions.size;
  }

  /** Throws NotCopyable at a tombstone, and where a stream's events have a gap. */
  take({ stream, revision, type, data }: LogEvent): void {
    if (stream.startsWith(METADATA_OF)) this.settings(stream.slice(METADATA_OF.length), data);
    if (isSystemStream(stream)) return;
    if (type === '$streamDeleted') throw this.refusal(stream, 'was deleted for ever (a tombstone)');
    const expected = (this.revisions.get(stream) ?? -1n) + 1n;
    if (revision !== expected)
      throw this.refusal(stream, `lacks the events from revision ${expected} to ${revision - 1n}`);
    this.revisions.set(stream, revision);
  }

  /** After the last event. Throws NotCopyable where a setting hides events, scavenged yet or not. */
  finish(): void {
    for (const [stream, settings] of this.retained)
      throw this.refusal(stream, `is deleted or truncated by ${settings}`);
  }

  private settings(stream: string, data: Uint8Array): void {
    if (isSystemStream(stream)) return;
    const text = Buffer.from(data).toString('utf8');
    let settings: unknown;
    try {
      settings = JSON.parse(text);
    } catch {
      // A store takes metadata that it cannot parse as none.
    }
    const limits = typeof settings === 'object' && settings !== null ? settings : {};
    if (RETENTION.some((name) => Number(Reflect.get(limits, name)) > 0)) this.retained.set(stream, text);
    else this.retained.delete(stream);
  }

  private refusal(stream: string, why: string): NotCopyable {
    return new NotCopyable(`the stream ${stream} of ${this.where} ${why}: its revisions would not be kept`);
  }
}
