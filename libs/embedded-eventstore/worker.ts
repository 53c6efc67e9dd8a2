import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EmbeddedNode, NodeOptions } from './node.js';
import type { FromThread } from './worker-thread.js';

/**
 * The same node in a thread of its own: the log's work does not wait for its clients' work, nor they for it.
 * `onFailure` is told if the thread ends by itself, after which the node answers nobody any more.
 */
export async function startNodeInWorker(
  options: NodeOptions,
  onFailure: (error: Error) => void,
): Promise<EmbeddedNode> {
  const worker = new Worker(new URL('./worker-thread.js', import.meta.url), { workerData: options });
  const ended = once(worker, 'exit');
  let failure: Error | undefined;
  worker.on('error', (error) => {
    failure = error;
  });
  const first = await Promise.race([answerOf(worker), ended.then(() => undefined)]);
  if (first === undefined) throw failure ?? new Error('the event store ended while it started');
  if ('failed' in first)
    throw Object.assign(new Error(first.failed), first.code === undefined ? {} : { code: first.code });
  let stopping = false;
  worker.once('exit', () => {
    if (!stopping) onFailure(failure ?? new Error('the event store ended by itself'));
  });
  return {
    ...first.started,
    stop: async () => {
      if (!stopping) worker.postMessage('stop');
      stopping = true;
      await ended;
    },
  };
}

async function answerOf(worker: Worker): Promise<FromThread> {
  const [message] = (await once(worker, 'message')) as [FromThread];
  return message;
}
