import { setImmediate as flush } from 'node:timers/promises';
import { Process, type Turn } from './process.js';

/** Far beyond any pause of the product; only a defect lets everything stand still for so long. */
const STUCK_AFTER_MS = 30_000;

/** What happens at a crash point: the process that passes it dies, or every process does, as in a power cut. */
export type Fate = 'goes on' | 'dies' | 'all die';

/** Decides about each crash point, by its name and by how many points were passed before it. */
export type Fates = (point: string, index: number) => Fate;

/**
 * Runs the processes of one world in turns. Every call on a port waits here until it is chosen; then it runs to its end,
 * and nothing else does meanwhile. So the order of calls depends on the random numbers alone, and a seed replays.
 */
export class Schedule {
  /** Names of the crash points in the order in which they were passed since the last sequence began. */
  readonly passed: string[] = [];
  private readonly turns: Turn[] = [];
  private readonly processes = new Set<Process>();
  private wake = () => {};

  private random = () => 0;
  private fates: Fates = calm;

  start(name: string): Process {
    const process = new Process(name, this);
    this.processes.add(process);
    return process;
  }

  /** From here on these numbers decide whose turn it is, and these fates who dies. */
  begin(random: () => number, fates: Fates): void {
    this.random = random;
    this.fates = fates;
    this.passed.length = 0;
  }

  /** Whether nobody has anything to do. */
  idle(): boolean {
    return this.ready().length === 0 && ![...this.processes].some((process) => this.sleeps(process));
  }

  /** From here on nobody dies by chance. */
  calm(): void {
    this.fates = calm;
  }

  /** Ends every process, so that what they hold is let go. */
  end(): void {
    for (const process of [...this.processes]) process.die();
  }

  add(turn: Turn): void {
    this.turns.push(turn);
    this.wake();
  }

  withdraw(turn: Turn): boolean {
    const index = this.turns.indexOf(turn);
    if (index >= 0) this.turns.splice(index, 1);
    return index >= 0;
  }

  /** Something outside has changed: a task is done, events have arrived. */
  changed(): void {
    this.wake();
  }

  buried(process: Process): void {
    this.processes.delete(process);
    for (const turn of this.turns.filter((each) => each.process === process)) this.withdraw(turn);
    this.wake();
  }

  /** False when the process is dead after it. */
  pass(process: Process, point: string): boolean {
    const fate = this.fates(point, this.passed.length);
    this.passed.push(point);
    const victims = fate === 'goes on' ? [] : fate === 'dies' ? [process] : [...this.processes];
    for (const victim of victims) victim.die();
    return process.alive;
  }

  /** Gives turns until the condition holds. Throws when nothing moves any more. */
  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      await flush();
      if (condition()) return;
      const asleep = [...this.processes].some((process) => this.sleeps(process));
      const ready = asleep ? [] : this.ready();
      const turn = ready[Math.floor(this.random() * ready.length)];
      if (turn === undefined) await this.change();
      else if (this.withdraw(turn)) await turn.run();
    }
  }

  /** In an order that does not depend on what happened before the sequence. */
  private ready(): Turn[] {
    const ready = this.turns.filter((turn) => turn.ready());
    return ready.length < 2 ? ready : ready.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b))));
  }

  /** It waits by the clock, not for a turn. */
  private sleeps(process: Process): boolean {
    return process.tasks > 0 && !this.turns.some((turn) => turn.process === process && !turn.background());
  }

  private async change(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.wake = resolve;
      timer = setTimeout(() => reject(new Error(this.stuck())), STUCK_AFTER_MS);
    });
    clearTimeout(timer);
    this.wake = () => {};
  }

  private stuck(): string {
    const waiting = this.turns.map(({ name }) => name).join(', ');
    return `nothing moves any more; waiting: ${waiting || 'nobody'}; last: ${this.passed.slice(-6).join(', ')}`;
  }
}

const calm: Fates = () => 'goes on';
const keyOf = ({ process, name }: Turn) => `${process.name} ${name}`;
