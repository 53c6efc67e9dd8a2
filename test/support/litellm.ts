import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { OutsideServer } from './outside-server.js';

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
export class LiteLlm extends OutsideServer {
  readonly keys = new Map<string, ProxyKey>();
  readonly calls: string[] = [];
  readonly masterKey = 'sk-master-of-the-proxy';
  /** The call of which the answer is lost: what was asked is done, and nobody hears of it. */
  losesAnswer = -1;

  get url(): string {
    return this.origin;
  }

  /** What the proxy lets this key do; undefined where it does not know it. */
  knows(key: string): ProxyKey | undefined {
    return this.keys.get(hashOf(key));
  }

  protected take({ url = '', headers }: IncomingMessage, text: string, response: ServerResponse): void {
    this.calls.push(url);
    const body = JSON.parse(text) as Record<string, unknown>;
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
