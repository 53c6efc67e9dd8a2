import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { isBoundary, wholeCommands } from './projected-event.js';

/**
 * Reads ahead of the projector, within a bound. A failure of the log is told only after every whole command that came
 * before it was taken, so that a log that keeps breaking still makes progress.
 */
export class Feed {
  private queue: StoredEvent[] = [];
  /** So many of them end with a whole command. Counted as they arrive: a command of a thousand events arrives one by one. */
  private whole = 0;
  private failure: unknown;
  private broken = false;
  private readonly abort = new AbortController();
  private arrived = () => {};
  private drained = () => {};
  private readonly pumping: Promise<void>;

  constructor(
    follow: (signal: AbortSignal) => AsyncIterable<readonly StoredEvent[]>,
    private readonly highWater: number,
  ) {
    this.pumping = this.pump(follow);
  }

  get waiting(): number {
    return this.queue.length;
  }

  /** Whole commands: at least one, about `limit` events at most. Undefined once closed. */
  async take(limit: number): Promise<StoredEvent[] | undefined> {
    for (;;) {
      if (this.abort.signal.aborted) return undefined;
      if (this.whole > 0) {
        const count = wholeCommands(this.queue, limit);
        const events = this.queue.slice(0, count);
        this.queue = this.queue.slice(count);
        this.whole -= count;
        this.drained();
        return events;
      }
      if (this.broken) throw this.failure;
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.abort.abort();
    this.arrived();
    this.drained();
    await this.pumping;
  }

  private add(event: StoredEvent): void {
    this.queue.push(event);
    if (isBoundary(event)) this.whole = this.queue.length;
  }

  private async pump(follow: (signal: AbortSignal) => AsyncIterable<readonly StoredEvent[]>): Promise<void> {
    const { signal } = this.abort;
    try {
      for await (const events of follow(signal)) {
        for (const event of events) this.add(event);
        this.arrived();
        // A command longer than the bound must still become whole.
        while (!signal.aborted && this.queue.length >= this.highWater && this.whole > 0)
          await new Promise<void>((resolve) => {
            this.drained = resolve;
          });
        if (signal.aborted) break;
      }
      this.failure = new Error('the log ended');
    } catch (error) {
      this.failure = error;
    }
    this.broken = true;
    this.arrived();
  }
}
