import type { Schedule } from './schedule.js';

/** A call on a port that waits to be run. */
export interface Turn {
  readonly process: Process;
  readonly name: string;
  /** Does not count as something that the process's tasks wait for. */
  background(): boolean;
  ready(): boolean;
  run(): Promise<void>;
}

interface CallOptions {
  readonly background?: () => boolean;
  readonly ready?: () => boolean;
  /** Withdraws the call while it still waits, which then answers undefined. */
  readonly signal?: AbortSignal;
}

/**
 * One life of a process. Every call on a port passes two crash points: before it, and after it, when the effect has
 * happened and the answer is lost. A dead process gets no answer any more: nothing in it goes on, and all its memory is gone.
 */
export class Process {
  alive = true;
  /** What the process is doing beside waiting for the log. */
  tasks = 0;
  readonly death: Promise<undefined>;
  /** How often each call was made. */
  readonly calls = new Map<string, number>();
  private readonly atDeath: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly schedule: Schedule,
  ) {
    this.death = new Promise((resolve) => {
      this.onDeath(() => resolve(undefined));
    });
  }

  /** The outside cuts what the process held: connections, subscriptions. */
  onDeath(cut: () => void): void {
    this.atDeath.push(cut);
  }

  die(): void {
    if (!this.alive) return;
    this.alive = false;
    this.schedule.buried(this);
    for (const cut of this.atDeath) cut();
  }

  /** Something that a call of this process waits for has changed. */
  changed(): void {
    this.schedule.changed();
  }

  /** Counts as busy until the task is done; the answer never comes if the process dies. */
  async task<T>(work: () => Promise<T>): Promise<T> {
    this.tasks += 1;
    try {
      return await work();
    } finally {
      this.tasks -= 1;
      this.schedule.changed();
    }
  }

  /** Until the condition holds, without a crash point: for what the product would wait for by the clock. */
  wait(ready: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const run = async () => resolve();
      if (this.alive) this.schedule.add({ process: this, name: `${this.name} waits`, background: never, ready, run });
    });
  }

  /** Runs the call in its turn, between the points `<name> / before` and `<name> / after`. */
  call<T>(name: string, effect: () => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { background = never, ready = always, signal } = options;
    return new Promise<T>((resolve, reject) => {
      if (!this.alive) return;
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
      const run = async () => {
        signal?.removeEventListener('abort', withdraw);
        if (!this.schedule.pass(this, `${name} / before`)) return;
        try {
          const answer = await effect();
          if (this.schedule.pass(this, `${name} / after`)) resolve(answer);
        } catch (error) {
          if (this.alive) reject(error);
        }
      };
      const turn: Turn = { process: this, name, background, ready, run };
      const withdraw = () => {
        if (this.schedule.withdraw(turn)) resolve(undefined as T);
      };
      signal?.addEventListener('abort', withdraw);
      if (signal?.aborted) resolve(undefined as T);
      else this.schedule.add(turn);
    });
  }
}

const always = () => true;
const never = () => false;
