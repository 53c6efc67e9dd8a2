import { cp, rm } from 'node:fs/promises';
import { openTables } from '../../libs/embedded-eventstore/lmdb-tables.js';
import { startNode } from '../../libs/embedded-eventstore/node.js';
import type { EmbeddedNode } from '../../libs/embedded-eventstore/node.js';
import { Faults, interceptWith } from './event-store-faults.js';

/** An embedded node that can be made to fail in every way that an event store is known to fail. */
export interface FaultyNode extends Omit<EmbeddedNode, 'rebuilt'> {
  readonly faults: Faults;
  /**
   * Stops, does what is asked with the data folder while nobody has it open, and starts again on the same port and
   * folder. Without a data folder the log is lost, as of a store whose disk was replaced.
   */
  restart(meanwhile?: (dataDir: string) => Promise<void>): Promise<void>;
}

/**
 * Starts a node with faults. Its connection string stays the same through restarts.
 *
 * ```ts
 * const node = await startFaultyNode({ dataDir });
 * const client = EventStoreDBClient.connectionString(node.connectionString);
 * node.faults.dropAfter = 3;                            // each subscription's connection breaks after 3 deliveries
 * node.faults.loseAnswers = { count: 1, drop: false };  // the next append is written; its answer never comes
 * node.faults.loseAnswers = { count: 1, drop: true };   // … and its connection breaks instead: outcome unknown
 * node.faults.refuse = { as: 'not_leader', host: '127.0.0.1', port: node.port };
 * node.faults.refuse = { as: 'overloaded' };
 * node.faults.notices = 'ahead_of_events';              // see WrongNotice
 * node.faults.delayMs = 20;
 * node.faults.duplicate = true;
 * node.faults.clear();                                  // a node like any other
 * await node.restart();                                 // same port, same log
 * await node.restart((dataDir) => copyLog(dataDir, backup));
 * await node.restart((dataDir) => copyLog(backup, dataDir));   // an older log was restored
 * await node.restart((dataDir) => truncateLog(dataDir, 5));    // its last 5 events are gone
 * await node.stop();
 * ```
 *
 * The product cannot do any of this: the faults are not in its folders, and what it starts its node with
 * (`startNodeInWorker`, the command line) takes no interceptors.
 */
export async function startFaultyNode(options: { dataDir?: string; port?: number } = {}): Promise<FaultyNode> {
  const faults = new Faults();
  let node = await startNode(options, interceptWith(faults));
  const { port, connectionString } = node;
  return {
    faults,
    port,
    connectionString,
    stop: () => node.stop(),
    restart: async (meanwhile) => {
      await node.stop();
      if (meanwhile && options.dataDir !== undefined) await meanwhile(options.dataDir);
      node = await startNode({ ...options, port }, interceptWith(faults));
    },
  };
}

/** Replaces one data folder by a copy of another; nobody may have either open. */
export async function copyLog(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
}

/** Takes the last events off a log that nobody has open; the node that opens it next builds the rest to fit. */
export async function truncateLog(dataDir: string, count: number): Promise<void> {
  const { root, log } = await openTables(dataDir);
  const last = [...log.getKeys({ reverse: true, limit: count })];
  await root.batch(() => {
    for (const position of last) void log.remove(position);
  });
  await root.flushed;
  await root.close();
}
