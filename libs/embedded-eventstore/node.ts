import { mkdir, realpath } from 'node:fs/promises';
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerInterceptor, sendUnaryData } from '@grpc/grpc-js';
import { supportedMethods } from './features.js';
import { clusterOfOne } from './gossip.js';
import { lockDataDir } from './lock.js';
import { Log } from './log.js';
import { openMemoryStore } from './memory-store.js';
import type { OpenCalls } from './outlet.js';
import { streamsDefinition, streamsService } from './streams-service.js';

/** There is no TLS and no password: whoever reaches the port is an administrator. */
const HOST = '127.0.0.1';
const MAX_RECEIVE_BYTES = 17 * 1024 * 1024;
const STOP_GRACE_MS = 2_000;

export interface NodeOptions {
  /** The folder of the log; in memory without one. */
  readonly dataDir?: string;
  /** 0, or none, takes any free port. */
  readonly port?: number;
  /** Builds what the log's folder holds beside the log again, even where it seems to fit. */
  readonly rebuild?: boolean;
}

/** A running node. */
export interface EmbeddedNode {
  readonly port: number;
  /** For `EventStoreDBClient.connectionString`. */
  readonly connectionString: string;
  /** Whether index, heads and ids did not fit the log, so that they were built again from it. */
  readonly rebuilt: boolean;
  /** Ends open calls, writes what was accepted, frees the folder. */
  stop(): Promise<void>;
}

/** Interceptors between the node and its clients, made over the log that the node has opened. */
export type Intercept = (log: Pick<Log, 'nextPosition'>) => ServerInterceptor[];

/**
 * Starts a node. Rejects with code `data_dir_in_use` while another node has the folder. `intercept` is for tests that
 * make a node misbehave: functions do not reach a worker thread, and neither that nor the command line passes any.
 */
export async function startNode(options: NodeOptions, intercept: Intercept = () => []): Promise<EmbeddedNode> {
  const { log, rebuilt, release } = await openLog(options);
  const server = new Server({
    'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.enable_channelz': 0,
    interceptors: intercept(log),
  });
  const open: OpenCalls = new Set();
  let port = 0;
  server.addService(streamsDefinition, streamsService(log, open));
  server.addService(featuresGrpc.ServerFeaturesService, {
    getSupportedMethods: (_: unknown, answer: sendUnaryData<SupportedMethods>) => answer(null, supportedMethods()),
  });
  server.addService(gossipGrpc.GossipService, {
    read: (_: unknown, answer: sendUnaryData<ClusterInfo>) => answer(null, clusterOfOne(HOST, port)),
  });
  try {
    port = await bind(server, options.port ?? 0);
  } catch (error) {
    await release();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    port,
    rebuilt,
    connectionString: `esdb://${HOST}:${port}?tls=false`,
    stop: () => (stopped ??= stop(server, open).then(release)),
  };
}

interface Opened {
  readonly log: Log;
  readonly rebuilt: boolean;
  readonly release: () => Promise<void>;
}

async function openLog({ dataDir, rebuild }: NodeOptions): Promise<Opened> {
  if (dataDir === undefined) {
    const log = await Log.start(openMemoryStore());
    return { log, rebuilt: false, release: () => log.close() };
  }
  await mkdir(dataDir, { recursive: true });
  const path = await realpath(dataDir);
  const unlock = await lockDataDir(path);
  try {
    const { openLmdbStore } = await import('./lmdb-store.js');
    const store = await openLmdbStore(path, rebuild);
    const log = await Log.start(store);
    return { log, rebuilt: store.rebuilt, release: () => log.close().finally(unlock) };
  } catch (error) {
    await unlock();
    throw error;
  }
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}

async function stop(server: Server, open: OpenCalls): Promise<void> {
  const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  for (const cancel of [...open]) cancel();
  const timer = setTimeout(() => server.forceShutdown(), STOP_GRACE_MS);
  await closed;
  clearTimeout(timer);
}
