import { setTimeout as sleep } from 'node:timers/promises';
import {
  comparePositions,
  type EventStore,
  type Position,
  positionText,
  start,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import { isCategory } from '#libs/domain/aggregates.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;

type Seen = Pick<StoredEvent, 'id' | 'position'>;
type Listener = (event: StoredEvent) => void;

/** The log no longer holds what was followed: truncated, restored from a backup, or another one. */
class LogReplaced extends Error {
  override readonly name = 'LogReplaced';
}

/**
 * Follows the log from where it stood when the process began, so that the process knows which streams moved since.
 * The client never subscribes again after a break; this loop does, from the last event it saw.
 */
export class LogFollower {
  private at: Position = start;
  private brokenSince: number | undefined;
  private last: Seen | undefined;
  /** The last of this product's own events, by which a replaced log is recognized. Others may be scavenged. */
  private witness: Seen | undefined;
  private waiting: { readonly position: Position; readonly resolve: () => void }[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly listener: Listener,
    private readonly onBreak: (error: unknown) => void,
  ) {}

  get position(): Position {
    return this.at;
  }

  /** The last event followed, of whatever stream. */
  seen(): Seen | undefined {
    return this.last;
  }

  async holds({ id, position }: Seen): Promise<boolean> {
    return (await this.store.at(position))?.id === id;
  }

  /** Milliseconds for which the log could not be followed; 0 while it is followed, infinite once it was replaced. */
  get brokenMs(): number {
    return this.brokenSince === undefined ? 0 : performance.now() - this.brokenSince;
  }

  /** `begin` is told from where on events are followed, before the first of them. */
  async start(begin: (position: Position) => void): Promise<void> {
    this.at = (await this.store.head()) ?? start;
    const last = await this.store.at(this.at);
    if (last !== undefined) this.remember(last);
    begin(this.at);
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** True once the process has seen everything up to the position; false when that takes longer than the budget. */
  async reached(position: Position, budgetMs: number): Promise<boolean> {
    if (comparePositions(this.at, position) >= 0) return true;
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
    return comparePositions(this.at, position) >= 0;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        await this.verify();
        if (this.brokenSince !== undefined && (await this.inSight())) this.brokenSince = undefined;
        const after = comparePositions(this.at, start) === 0 ? undefined : this.at;
        for await (const batch of this.store.follow(after, signal)) {
          this.brokenSince = undefined;
          retryMs = FIRST_RETRY_MS;
          this.take(batch);
        }
      } catch (error) {
        this.brokenSince ??= performance.now();
        if (error instanceof LogReplaced) this.brokenSince = Number.NEGATIVE_INFINITY;
        this.onBreak(error);
        if (error instanceof LogReplaced) return;
        await sleep(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
  }

  /** What was followed of another log says nothing of this one, so nothing is answered until the process starts again. */
  private async verify(): Promise<void> {
    if (this.witness === undefined || (await this.holds(this.witness))) return;
    const place = positionText(this.witness.position);
    throw new LogReplaced(`the log does not hold the event followed at ${place}; start this process again`);
  }

  /** Where nothing happened meanwhile, no event would tell that the log can be seen again. */
  private async inSight(): Promise<boolean> {
    return comparePositions((await this.store.head()) ?? start, this.at) <= 0;
  }

  private remember({ stream, id, position }: StoredEvent): void {
    this.last = { id, position };
    if (isCategory(parseStream(stream).category)) this.witness = this.last;
  }

  private take(batch: readonly StoredEvent[]): void {
    for (const event of batch) {
      if (comparePositions(event.position, this.at) <= 0) continue;
      this.listener(event);
      this.at = event.position;
      this.remember(event);
    }
    for (const { position, resolve } of this.waiting) if (comparePositions(this.at, position) >= 0) resolve();
  }
}
