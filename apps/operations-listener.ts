import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Readiness } from './readiness.js';

export interface OperationsListener {
  /** The one that it got, where any free one was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});

/** `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else. Throws where the port is taken. */
export async function listenForOperations(
  { port, host }: { readonly port: number; readonly host: string },
  readiness: Readiness,
  metrics: Metrics,
): Promise<OperationsListener> {
  const answers: Readonly<Record<string, () => Promise<Answer> | Answer>> = {
    '/healthz': () => json(200, { ok: true }),
    '/readyz': async () => {
      const report = await readiness.report();
      return json(report.ok ? 200 : 503, report);
    },
    '/metrics': async () => ({
      status: 200,
      type: metrics.registry.contentType,
      body: await metrics.exposition(),
    }),
  };
  const answerTo = async ({ method, url = '' }: IncomingMessage): Promise<Answer> => {
    const answer = Object.hasOwn(answers, url) && (method === 'GET' || method === 'HEAD') ? answers[url] : undefined;
    return answer === undefined ? json(404, { ok: false }) : answer();
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void answerTo(request)
      .catch(() => json(500, { ok: false }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? '' : body);
      });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
