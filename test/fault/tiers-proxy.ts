import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

type Mode = 'open' | 'refused' | 'silent';

/** A network between a client and a Redis, as a test rules it. */
export class TcpProxy {
  /** Added to each way. */
  delayMs = 0;
  /** What clients have sent. */
  sent = '';
  private mode: Mode = 'open';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: URL,
    /** Of the proxy. */
    readonly url: string,
  ) {
    server.on('connection', (socket) => this.join(socket));
  }

  static async to(target: string): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
    return new TcpProxy(server, new URL(target), url.href);
  }

  open(): void {
    this.mode = 'open';
    for (const socket of this.sockets) socket.resume();
  }

  /** As when the server died: connections break, and no new one is made. */
  refuse(): void {
    this.mode = 'refused';
    this.breakAll();
  }

  /** As when the network is cut: nothing arrives, and nobody says so. What was sent arrives late, if it is opened again. */
  silence(): void {
    this.mode = 'silent';
    for (const socket of this.sockets) socket.pause();
  }

  /** As when another server took over the address. */
  lead(target: string): void {
    this.target = new URL(target);
    this.breakAll();
  }

  async stop(): Promise<void> {
    this.breakAll();
    this.server.close();
    await once(this.server, 'close');
  }

  private breakAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private join(near: Socket): void {
    if (this.mode === 'refused') {
      near.destroy();
      return;
    }
    const far = connect(Number(this.target.port || 6379), this.target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.on('data', (data) => {
        if (from === near) this.sent += data.toString('latin1');
        if (this.delayMs === 0) to.write(data);
        else setTimeout(() => to.write(data), this.delayMs);
      });
      if (this.mode === 'silent') from.pause();
    }
  }
}
