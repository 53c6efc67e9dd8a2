import { setTimeout as sleep } from 'node:timers/promises';
import {
  comparePositions,
  type EventStore,
  type Position,
  start,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;

type Listener = (event: StoredEvent) => void;

/**
 * Follows the log from where it stood when the process began, so that the process knows which streams moved since.
 * The client never subscribes again after a break; this loop does, from the last event it saw.
 */
export class LogFollower {
  private seen: Position = start;
  private brokenSince: number | undefined;
  private waiting: { readonly position: Position; readonly resolve: () => void }[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly listener: Listener,
    private readonly onBreak: (error: unknown) => void,
  ) {}

  get position(): Position {
    return this.seen;
  }

  /** Milliseconds for which the log could not be followed; 0 while it is followed. */
  get brokenMs(): number {
    return this.brokenSince === undefined ? 0 : performance.now() - this.brokenSince;
  }

  async start(): Promise<void> {
    this.seen = (await this.store.head()) ?? start;
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** True once the process has seen everything up to the position; false when that takes longer than the budget. */
  async reached(position: Position, budgetMs: number): Promise<boolean> {
    if (comparePositions(this.seen, position) >= 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, budgetMs);
    });
    const entry = { position, resolve: () => {} };
    const arrived = new Promise<void>((resolve) => {
      entry.resolve = resolve;
    });
    this.waiting.push(entry);
    await Promise.race([arrived, late]);
    clearTimeout(timer);
    this.waiting = this.waiting.filter((other) => other !== entry);
    return comparePositions(this.seen, position) >= 0;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        const after = comparePositions(this.seen, start) === 0 ? undefined : this.seen;
        for await (const batch of this.store.follow(after, signal)) {
          this.brokenSince = undefined;
          retryMs = FIRST_RETRY_MS;
          this.take(batch);
        }
      } catch (error) {
        this.brokenSince ??= performance.now();
        this.onBreak(error);
        await sleep(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
  }

  private take(batch: readonly StoredEvent[]): void {
    for (const event of batch) {
      if (comparePositions(event.position, this.seen) <= 0) continue;
      this.listener(event);
      this.seen = event.position;
    }
    for (const { position, resolve } of this.waiting) if (comparePositions(this.seen, position) >= 0) resolve();
  }
}
