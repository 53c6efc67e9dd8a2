import { comparePositions, type Position } from '#libs/application/ports/event-store.js';
import { ReadPosition } from '#libs/application/ports/read-models.js';
import { readCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { pause } from './failures.js';
import type { Projector } from './projector.js';
import { readSchema } from './table.js';

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 100;

/** Waits for the checkpoint: told by the projector where that runs in this process, else by asking Postgres. */
export class CheckpointPosition extends ReadPosition {
  private latest: Position | undefined;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly db: Database,
    private readonly projector?: Pick<Projector, 'onCommitted'>,
    private readonly schema = readSchema,
  ) {
    super();
    projector?.onCommitted((position) => this.seen(position));
  }

  override async current(): Promise<Position | undefined> {
    const { position } = await readCheckpoint(this.db, this.schema);
    if (position !== undefined) this.seen(position);
    return position;
  }

  override async reached(position: Position, budgetMs: number): Promise<boolean> {
    if (this.holds(position)) return true;
    const deadline = performance.now() + budgetMs;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(MAX_POLL_MS, pollMs * 2)) {
      await this.current();
      if (this.holds(position)) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await this.change(this.projector === undefined ? Math.min(pollMs, left) : left, position);
      if (this.holds(position)) return true;
    }
  }

  /** Until a position as far as this is seen, or the time is over. */
  private async change(ms: number, position: Position): Promise<void> {
    const abort = new AbortController();
    const look = () => {
      if (this.holds(position)) abort.abort();
    };
    this.waiting.add(look);
    await pause(ms, abort.signal);
    this.waiting.delete(look);
  }

  private seen(position: Position): void {
    if (this.holds(position)) return;
    this.latest = position;
    for (const look of this.waiting) look();
  }

  private holds(position: Position): boolean {
    return this.latest !== undefined && comparePositions(this.latest, position) >= 0;
  }
}
