import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface ProxyKey {
  readonly key_alias: string;
  readonly models: readonly string[];
  readonly blocked: boolean;
  readonly duration?: string;
  readonly object_permission: { readonly mcp_servers: readonly string[] };
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The admin API of a LiteLLM proxy as far as keys go, over HTTP: keys are known by the SHA-256 of what they are, an alias
 * stands for one key (400), what is not there cannot be updated or deleted (404), an update changes what it names.
 */
export class LiteLlm {
  readonly keys = new Map<string, ProxyKey>();
  readonly calls: string[] = [];
  readonly masterKey = 'sk-master-of-the-proxy';
  /** The call of which the answer is lost: what was asked is done, and nobody hears of it. */
  losesAnswer = -1;
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** At the same port as before. */
  async open(): Promise<this> {
    const server = createServer((request, response) => void this.take(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
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

  /** What the proxy lets this key do; undefined where it does not know it. */
  knows(key: string): ProxyKey | undefined {
    return this.keys.get(hashOf(key));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url = '', headers } = request;
    this.calls.push(url);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    const status = headers.authorization === `Bearer ${this.masterKey}` ? this.answer(url, body) : 401;
    if (this.calls.length - 1 === this.losesAnswer) {
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ status, echoed: body }));
  }

  private answer(path: string, { key, keys, ...rest }: Record<string, unknown>): number {
    if (path === '/key/generate') {
      if (!String(key).startsWith('sk-')) return 400;
      if ([...this.keys.values()].some(({ key_alias: alias }) => alias === rest.key_alias)) return 400;
      this.keys.set(hashOf(String(key)), rest as unknown as ProxyKey);
      return 200;
    }
    if (path === '/key/update') {
      const hash = String(key).startsWith('sk-') ? hashOf(String(key)) : String(key);
      const found = this.keys.get(hash);
      if (found === undefined) return 404;
      this.keys.set(hash, { ...found, ...rest });
      return 200;
    }
    if (path !== '/key/delete') return 404;
    return (keys as string[]).map((one) => this.keys.delete(one)).some(Boolean) ? 200 : 404;
  }
}

const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');
