import { startNode } from '../../libs/embedded-eventstore/node.js';
const node = await startNode(process.argv[2] ? { dataDir: process.argv[2] } : {});
console.log(node.connectionString);
