import { parentPort, workerData } from 'node:worker_threads';
import { startNode } from './node.js';

export interface NodeOptions {
  readonly dataDir?: string;
  readonly port?: number;
}

/** What the thread says once: where the node listens, or why it does not. */
export type FromThread =
  | { readonly started: { readonly port: number; readonly connectionString: string } }
  | { readonly failed: string; readonly code?: unknown };

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread');

const tell = (message: FromThread) => port.postMessage(message);

try {
  const node = await startNode(workerData as NodeOptions);
  port.once('message', () => {
    void node.stop().then(() => port.close());
  });
  tell({ started: { port: node.port, connectionString: node.connectionString } });
} catch (error) {
  tell({
    failed: error instanceof Error ? error.message : String(error),
    ...(error instanceof Error && 'code' in error ? { code: error.code } : {}),
  });
}
