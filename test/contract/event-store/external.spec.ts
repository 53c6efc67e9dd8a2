import { expect, it } from '@jest/globals';
import { startNode } from '../../../libs/embedded-eventstore/node.js';
import { describeEventStore } from './event-store.contract.js';

const url = process.env['EVENTSTORE_URL'];

if (url !== undefined && url !== '') {
  describeEventStore('the event store at EVENTSTORE_URL', async () => ({
    connectionString: url,
    stop: async () => undefined,
  }));
}

it('has a connection string of the form that EVENTSTORE_URL takes', async () => {
  const node = await startNode({});
  expect(node.connectionString).toBe(`esdb://127.0.0.1:${node.port}?tls=false`);
  await node.stop();
});
