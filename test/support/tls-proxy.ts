import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket } from 'node:tls';

export interface TlsProxy {
  readonly port: number;
  /** What clients have sent since the start, decrypted. */
  received(): Buffer;
  close(): Promise<void>;
}

export interface TlsProxyOptions {
  readonly to: NetConnectOpts;
  readonly certificate: SecureContextOptions;
  /** For HTTP/2, whose clients insist on it. */
  readonly protocols?: readonly string[];
  /** Postgres clients ask for TLS in plain text first. */
  readonly asked?: boolean;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Ends TLS in front of a server that speaks plain text. Listens on loopback. */
export async function tlsProxy({ to, certificate, protocols, asked = false }: TlsProxyOptions): Promise<TlsProxy> {
  const received: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((raw) => {
    open.add(raw);
    raw.once('close', () => open.delete(raw));
    raw.on('error', () => raw.destroy());
    if (!asked) return secure(raw);
    raw.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) return raw.destroy();
      raw.write('S');
      return secure(raw);
    });
  });
  const secure = (raw: Socket) => {
    const inner = new TLSSocket(raw, {
      isServer: true,
      ...certificate,
      ...(protocols && { ALPNProtocols: [...protocols] }),
    });
    const outer = connect(to);
    open.add(outer);
    outer.once('close', () => open.delete(outer));
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      one.on('error', () => other.destroy());
      one.once('close', () => other.destroy());
      one.pipe(other);
    }
    inner.on('data', (chunk: Buffer) => received.push(chunk));
  };
  return {
    port: await listening(server),
    received: () => Buffer.concat(received),
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen on a port');
  return address.port;
}
