import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 2000;
/** A server that fails again sooner than this after it came back is left alone for longer. */
const STABLE_MS = 10_000;

/**
 * Keeps callers from waiting for a server that does not answer: after one failure nobody asks, until a probe, sent in the
 * background after growing pauses, was answered. So a failure costs those who were waiting when it began, and no one else.
 */
export class Circuit {
  private open = false;
  private pauseMs = FIRST_PAUSE_MS;
  private closedAt = Number.NEGATIVE_INFINITY;
  private readonly stopping = new AbortController();

  /** `onChange` is told of each failure that opens it, and with undefined when the server answers again. */
  constructor(
    private readonly probe: () => Promise<unknown>,
    private readonly onChange: (failure: unknown) => void,
    private readonly answerWithinMs: number,
  ) {}

  /** Undefined where the server is not to be asked, or failed. */
  async run<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (this.open || this.stopping.signal.aborted) return undefined;
    try {
      return await this.inTime(ask());
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  private failed(error: unknown): void {
    if (this.open || this.stopping.signal.aborted) return;
    this.open = true;
    if (performance.now() - this.closedAt > STABLE_MS) this.pauseMs = FIRST_PAUSE_MS;
    this.onChange(error);
    void this.probeUntilAnswered();
  }

  private async probeUntilAnswered(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await sleep(this.pauseMs * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
      this.pauseMs = Math.min(this.pauseMs * 2, LAST_PAUSE_MS);
      const answered = await this.inTime(this.probe()).then(
        () => true,
        () => false,
      );
      if (!answered || signal.aborted) continue;
      this.open = false;
      this.closedAt = performance.now();
      this.onChange(undefined);
      return;
    }
  }

  private async inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`no answer within ${this.answerWithinMs} ms`));
      // First whatever has arrived meanwhile is read: this process may have been the slow one.
      timer = setTimeout(() => setImmediate(fail), this.answerWithinMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
