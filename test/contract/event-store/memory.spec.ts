import { startNode } from '../../../libs/embedded-eventstore/node.js';
import { describeEventStore } from './event-store.contract.js';

describeEventStore('the embedded node in memory', () => startNode({}));
