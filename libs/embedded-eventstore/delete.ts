import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { accessDenied, asRefused, invalid, streamDeleted, wrongExpectedVersion } from './errors.js';
import type { Log } from './log.js';
import { originalOf } from './metadata.js';
import { expectedRevision, streamName } from './wire.js';

type Options = DeleteReq.Options | TombstoneReq.Options;

/** Answers `Delete`: the stream is gone for its readers until somebody writes to it again. */
export function answerDelete(log: Log) {
  return (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>): void => {
    remove(log, 'soft', call.request.getOptions()).then((at) => {
      const position = new streams.DeleteResp.Position().setCommitPosition(at).setPreparePosition(at);
      callback(null, new streams.DeleteResp().setPosition(position));
    }, fail(callback));
  };
}

/** Answers `Tombstone`: the stream is gone, and its name with it. */
export function answerTombstone(log: Log) {
  return (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>): void => {
    remove(log, 'hard', call.request.getOptions()).then((at) => {
      const position = new streams.TombstoneResp.Position().setCommitPosition(at).setPreparePosition(at);
      callback(null, new streams.TombstoneResp().setPosition(position));
    }, fail(callback));
  };
}

const fail = (callback: (error: Error) => void) => (error: unknown) => callback(asRefused(error));

/** Answers the position of what was written. */
async function remove(log: Log, how: 'soft' | 'hard', options: Options | undefined): Promise<string> {
  if (!options) throw invalid('a delete needs options');
  const stream = streamName(options);
  if (stream === '$all' || originalOf(stream) !== undefined) throw accessDenied();
  const expected = expectedRevision({
    exact: options.hasRevision() ? options.getRevision() : undefined,
    noStream: options.hasNoStream(),
    exists: options.hasStreamExists(),
    any: options.hasAny(),
  });
  const outcome = await log.append({ stream, expected, remove: how });
  if (outcome.kind === 'stream_deleted') throw streamDeleted(stream);
  if (outcome.kind === 'wrong_expected_version') throw wrongExpectedVersion(stream, expected, outcome.current);
  if (outcome.kind !== 'appended' || outcome.position === undefined) throw new Error('a delete writes an event');
  return outcome.position.toString();
}
