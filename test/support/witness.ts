import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  readonly path: string;
  readonly organization: string | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

/** Somebody outside who is given checkpoints, over HTTP; can be away, and can answer otherwise. */
export class Witness {
  readonly deliveries: Delivery[] = [];
  /** How it answers; 204 unless set. */
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end();
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/checkpoints`;
  }

  /** At the same port as before. */
  async open(): Promise<this> {
    const server = createServer((request, response) => void this.take(request, response));
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

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, url = '' } = request;
    const organization = headers['tenantry-organization'];
    const text = Buffer.concat(chunks).toString('utf8');
    this.deliveries.push({ path: url, organization: organization?.toString(), type: headers['content-type'], text });
    this.answer(response);
  }
}
