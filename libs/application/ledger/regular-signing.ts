import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.js';
import { type LedgerTrees, TreeBehind } from './trees.js';

export interface RegularSigningOptions {
  readonly ledger: Ledger;
  readonly trees: LedgerTrees;
  /** Between the end of one round and the next. */
  readonly everyMs?: number;
  /** Told of each tree that cannot be signed, in every round. */
  readonly onError?: (error: unknown, stream: string | undefined) => void;
}

const FIVE_MINUTES_MS = 300_000;
const PAGE = 1000;

/**
 * Signs every tree that has grown, from time to time: what was signed bounds how much of a log could be changed without
 * contradicting it, also where nobody has asked for a checkpoint. Any number of processes may do this at once.
 */
export class RegularSigning {
  private abort = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: RegularSigningOptions) {}

  start(): void {
    if (this.running !== undefined) return;
    this.abort = new AbortController();
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    this.running = undefined;
  }

  /** Looks at every tree once. */
  async round(): Promise<void> {
    const { ledger, trees, onError = () => {} } = this.options;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await trees.page(after, PAGE);
      after = page.at(-1)?.stream;
      for (const { stream, isSigned } of page) {
        if (this.abort.signal.aborted) return;
        if (isSigned) continue;
        try {
          await ledger.checkpoint(stream);
        } catch (error) {
          // One that is being built is signed by a later round.
          if (!(error instanceof TreeBehind)) onError(error, stream);
        }
      }
    }
  }

  private async run(): Promise<void> {
    const { everyMs = FIVE_MINUTES_MS, onError = () => {} } = this.options;
    // Processes that start together do not sign together.
    await this.pause(everyMs * Math.random());
    while (!this.abort.signal.aborted) {
      await this.round().catch((error: unknown) => onError(error, undefined));
      await this.pause(everyMs);
    }
  }

  /** Ends early, without an error, once this is stopped. */
  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.abort.signal }).catch(() => undefined);
  }
}
