import { comparePositions, type EventStore, type Position } from '#libs/application/ports/event-store.js';

/** Tells what was appended to a log, each time since it was asked last. */
export class AppendedEvents {
  private upTo: Position | undefined;

  /** Streams of the events, but for what refusals and reads of the audit log leave in it. */
  async streams(store: EventStore): Promise<string[]> {
    const head = await store.head();
    const streams: string[] = [];
    const stop = new AbortController();
    while (head !== undefined && (this.upTo === undefined || comparePositions(this.upTo, head) < 0))
      for await (const page of store.follow(this.upTo, stop.signal)) {
        streams.push(...page.map(({ stream }) => stream));
        this.upTo = page.at(-1)?.position ?? this.upTo;
        break;
      }
    return streams.filter((stream) => !stream.startsWith('activity-'));
  }
}
