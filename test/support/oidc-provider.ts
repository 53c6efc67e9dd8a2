import type { KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { JWK } from 'jose';
import { Clock } from '#libs/application/ports/clock.js';

/** Stands still until a test sets it. */
export class SetClock extends Clock {
  constructor(public ms: number) {
    super();
  }
  now(): number {
    return this.ms;
  }
}

/** An OpenID provider over real HTTP on loopback. */
export class OidcProvider {
  jwks: JWK[] = [];
  requests: string[] = [];
  broken: 'no' | 'error' | 'hanging' | 'otherIssuer' = 'no';
  private readonly server: Server = createServer((request, response) => {
    this.requests.push(request.url ?? '');
    if (this.broken === 'hanging') return;
    response.statusCode = this.broken === 'error' ? 500 : 200;
    const issuer = this.broken === 'otherIssuer' ? `${this.issuer}/other` : this.issuer;
    const isKeys = request.url === '/keys';
    response.end(JSON.stringify(isKeys ? { keys: this.jwks } : { issuer, jwks_uri: `${this.issuer}/keys` }));
  });
  issuer = '';

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.issuer = `http://127.0.0.1:${portOf(this.server)}`;
    return this;
  }
  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
  publish(kid: string, key: KeyObject, alg: string): void {
    this.jwks.push({ ...(key.export({ format: 'jwk' }) as JWK), kid, alg, use: 'sig' });
  }
  keyRequests(): number {
    return this.requests.filter((url) => url === '/keys').length;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the provider does not listen on a port');
  return address.port;
}
