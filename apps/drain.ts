import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the process is on its way out: it still serves, and asks that no more be sent. */
export class Drain {
  private begun = false;
  private readonly listeners = new Set<() => void>();

  get on(): boolean {
    return this.begun;
  }

  /** For answers that wait for something to happen: they end then. Until the answered function is called. */
  onBegin(listener: () => void): () => void {
    if (this.begun) listener();
    else this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** From here on `/readyz` answers 503 and connections end after their next answer; `ms` for balancers to notice. */
  async begin(ms: number): Promise<void> {
    this.begun = true;
    for (const listener of this.listeners) listener();
    await sleep(ms);
  }
}
