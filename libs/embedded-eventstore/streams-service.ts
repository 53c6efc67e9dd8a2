import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { status } from '@grpc/grpc-js';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { answerAppend } from './append.js';
import { answerBatchAppend } from './batch-append.js';
import { answerDelete, answerTombstone } from './delete.js';
import { Refused, invalid } from './errors.js';
import type { Log } from './log.js';
import { Outlet } from './outlet.js';
import type { OpenCalls, ReadCall } from './outlet.js';
import { answerRead, parseRead } from './read.js';
import { answerSubscription } from './subscriptions.js';

const { StreamsService } = streamsGrpc;

/** The Streams service; reads answer in bytes that were encoded at the append. */
export const streamsDefinition = {
  read: { ...StreamsService.read, responseSerialize: (answer: Buffer) => answer },
  append: StreamsService.append,
  batchAppend: StreamsService.batchAppend,
  delete: StreamsService.delete,
  tombstone: StreamsService.tombstone,
};

/** The calls of the Streams service over a log. */
export function streamsService(log: Log, open: OpenCalls): UntypedServiceImplementation {
  return {
    read: (call: ReadCall) => {
      const outlet = new Outlet(call);
      const cancel = (): void => outlet.fail(new Refused(status.CANCELLED, 'the node is stopping'));
      open.add(cancel);
      read(log, call, outlet)
        .catch((error: unknown) => outlet.fail(error))
        .finally(() => open.delete(cancel));
    },
    append: answerAppend(log, open),
    batchAppend: answerBatchAppend(log, open),
    delete: answerDelete(log),
    tombstone: answerTombstone(log),
  };
}

async function read(log: Log, call: ReadCall, outlet: Outlet): Promise<void> {
  const options = call.request.getOptions();
  if (!options) throw invalid('a read needs options');
  const query = parseRead(options);
  if (options.hasSubscription()) return answerSubscription(log, query, outlet);
  if (!options.hasCount()) throw invalid('a read needs a count or a subscription');
  return answerRead(log, query, BigInt(options.getCount()), outlet);
}
