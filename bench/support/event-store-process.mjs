// An event store node on disk in a process of its own; tells its connection string to the parent.
import { startNode } from '../../dist/libs/embedded-eventstore/node.js';

const node = await startNode({ dataDir: process.env['DATA_DIR'] });
process.on('SIGTERM', () => void node.stop().then(() => process.exit(0)));
process.send(node.connectionString);
