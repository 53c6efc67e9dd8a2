const EVERY_MS = 1000;

/** Tells on standard error how far a long task came: once a second at most. */
export class Progress {
  private phase = '';
  private first = { atMs: 0, events: 0 };
  private toldAtMs = 0;

  constructor(
    private readonly err: (text: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @param total undefined while it is not known; then there is no estimate */
  tell(phase: string, events: number, total?: number): void {
    const nowMs = this.nowMs();
    if (phase !== this.phase) {
      this.phase = phase;
      this.first = { atMs: nowMs, events };
      this.toldAtMs = nowMs;
    }
    if (nowMs - this.toldAtMs < EVERY_MS) return;
    this.toldAtMs = nowMs;
    const perSecond = ((events - this.first.events) * 1000) / (nowMs - this.first.atMs);
    const parts = [`${phase} ${count(events)}`];
    if (total !== undefined) parts.push(`of ${count(total)} events (${Math.floor((100 * events) / total)} %)`);
    const rate = `${count(perSecond)}/s`;
    const left = total !== undefined && perSecond > 0 ? `, about ${duration((total - events) / perSecond)} left` : '';
    this.err(`${parts.join(' ')}, ${rate}${left}\n`);
  }
}

/** With a comma between thousands, whatever the machine's language. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
