/** A node in a process of its own, to be killed: prints its connection string and process id, runs until then. */
import { startNode } from '../../libs/embedded-eventstore/node.js';

const [dataDir = ''] = process.argv.slice(2);
const node = await startNode({ dataDir });
// Whoever started it has gone: no test that fails may leave a node behind.
process.stdin.on('end', () => process.exit(1)).resume();
process.stdout.write(`${node.connectionString} ${process.pid}\n`);
