import { request } from 'node:http';

export interface SentEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { readonly [member: string]: unknown };
}

/** A client of server-sent events that keeps what it got, and comments as such. */
export class EventStream {
  readonly events: SentEvent[] = [];
  comments = 0;
  status = 0;
  headers: Readonly<Record<string, unknown>> = {};
  /** Resolves when the connection has ended, however it did. */
  readonly ended: Promise<void>;
  private over = false;
  private text = '';
  private wake: () => void = () => {};
  private readonly outgoing;

  constructor(port: number, path: string, headers: Readonly<Record<string, string>>) {
    const accept = { accept: 'text/event-stream' };
    this.outgoing = request({ host: '127.0.0.1', port, path, headers: { ...accept, ...headers }, agent: false });
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.over = true;
        resolve();
        this.wake();
      };
      this.outgoing.on('error', end);
      this.outgoing.on('response', (incoming) => {
        this.status = incoming.statusCode ?? 0;
        this.headers = incoming.headers;
        incoming.setEncoding('utf8').on('data', (chunk: string) => this.take(chunk));
        incoming.on('error', end).on('end', end).on('close', end);
      });
    });
    this.outgoing.end();
  }

  /** Waits until what came so far is as asked, or the stream has ended. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.over)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    if (!holds()) throw new Error(`the stream has ended: ${JSON.stringify(this.events.at(-1))}`);
  }

  /** Leaves, in the middle of whatever is being sent. */
  async leave(): Promise<void> {
    this.outgoing.destroy();
    await this.ended;
  }

  private take(chunk: string): void {
    const blocks = (this.text + chunk).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      if (data === undefined) this.comments += 1;
      else this.events.push({ event: fields.get('event') ?? 'message', id: fields.get('id'), data: JSON.parse(data) });
    }
    this.wake();
  }
}
