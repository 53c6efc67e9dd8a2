import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the process is on its way out: it still serves, and asks that no more be sent. */
export class Drain {
  private begun = false;

  get on(): boolean {
    return this.begun;
  }

  /** From here on `/readyz` answers 503 and connections end after their next answer; `ms` for balancers to notice. */
  async begin(ms: number): Promise<void> {
    this.begun = true;
    await sleep(ms);
  }
}
