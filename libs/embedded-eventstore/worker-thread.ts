import { parentPort, workerData } from 'node:worker_threads';
import { startNode } from './node.js';
import type { EmbeddedNode, NodeOptions } from './node.js';

/** What the thread says once: where the node listens, or why it does not. */
export type FromThread =
  | { readonly started: Omit<EmbeddedNode, 'stop'> }
  | { readonly failed: string; readonly code?: unknown };

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread');

const tell = (message: FromThread) => port.postMessage(message);

try {
  const node = await startNode(workerData as NodeOptions);
  port.once('message', () => {
    void node.stop().then(() => port.close());
  });
  const { port: listening, connectionString, rebuilt } = node;
  tell({ started: { port: listening, connectionString, rebuilt } });
} catch (error) {
  tell({
    failed: error instanceof Error ? error.message : String(error),
    ...(error instanceof Error && 'code' in error ? { code: error.code } : {}),
  });
}
