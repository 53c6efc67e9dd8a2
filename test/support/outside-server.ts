import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Something of the outside world that is spoken to over HTTP, and can be away. */
export abstract class OutsideServer {
  private server: Server | undefined;
  private port = 0;

  protected get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** At the same port as before. */
  async open(): Promise<this> {
    const server = createServer((request, response) => void this.read(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** Has to answer. */
  protected abstract take(request: IncomingMessage, text: string, response: ServerResponse): void;

  private async read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.take(request, Buffer.concat(chunks).toString('utf8'), response);
  }
}
