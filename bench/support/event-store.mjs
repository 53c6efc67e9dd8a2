import { once } from 'node:events';
import { EsdbEventStore } from '../../dist/libs/eventstore/esdb-event-store.js';
import { child } from './child.mjs';

/** An event store node in a process of its own, with its log in the folder. */
export async function startNodeProcess(dataDir, cleanUp) {
  const { process: node } = child(new URL('./event-store-process.mjs', import.meta.url), {
    env: { DATA_DIR: dataDir },
    cleanUp,
  });
  const [connectionString] = await once(node, 'message');
  return { connectionString, pid: node.pid };
}

/** Such a node, and the client that commands are appended through. */
export async function startEventStore(dataDir, cleanUp) {
  const node = await startNodeProcess(dataDir, cleanUp);
  const store = await EsdbEventStore.connect(node.connectionString);
  cleanUp(() => store.close());
  return { ...node, store };
}
