import type { Io } from './command.js';

const EVERY_MS = { line: 1000, bar: 100 } as const;
const BAR_WIDTH = 24;

/**
 * Tells on standard error how far a long task came: as a line once a second at most, or, on a terminal, in one place that is
 * drawn anew.
 */
export class Progress {
  private phase = '';
  private first = { atMs: 0, events: 0 };
  private toldAtMs = 0;

  constructor(
    private readonly io: Pick<Io, 'err' | 'status'>,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @param total undefined while it is not known; then there is neither bar nor estimate */
  tell(phase: string, events: number, total?: number): void {
    const nowMs = this.nowMs();
    if (phase !== this.phase) {
      this.phase = phase;
      this.first = { atMs: nowMs, events };
      this.toldAtMs = nowMs;
    }
    if (nowMs - this.toldAtMs < (this.io.status === undefined ? EVERY_MS.line : EVERY_MS.bar)) return;
    this.toldAtMs = nowMs;
    const perSecond = ((events - this.first.events) * 1000) / (nowMs - this.first.atMs);
    const rate = `${count(perSecond)}/s`;
    const left = total !== undefined && perSecond > 0 ? `, about ${duration((total - events) / perSecond)} left` : '';
    const line = `${share(phase, events, total)}, ${rate}${left}`;
    if (this.io.status === undefined) this.io.err(`${line}\n`);
    else this.io.status(total === undefined ? line : `${bar(events / total)} ${line}`);
  }
}

const share = (phase: string, events: number, total: number | undefined): string =>
  total === undefined
    ? `${phase} ${count(events)}`
    : `${phase} ${count(events)} of ${count(total)} events (${Math.floor((100 * events) / total)} %)`;

function bar(done: number): string {
  const filled = Math.min(BAR_WIDTH, Math.floor(done * BAR_WIDTH));
  return `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`;
}

/** With a comma between thousands, whatever the machine's language. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
