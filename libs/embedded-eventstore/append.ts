import streams from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import type { Expected } from './append-rules.js';
import { Refused, accessDenied, appendTooLarge, asRefused, invalid, streamDeleted } from './errors.js';
import type { AppendOutcome } from './group.js';
import type { Log } from './log.js';
import type { OpenCalls } from './outlet.js';
import type { ProposedEvent } from './record.js';
import { MAX_APPEND_BYTES, appendBytes, expectedRevision, proposedEvent, streamName } from './wire.js';

/** Answers `Append`: options first, then one message for each event, one answer after the half-close. */
export function answerAppend(log: Log, open: OpenCalls) {
  return (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>): void => {
    let target: { stream: string; expected: Expected } | undefined;
    const events: ProposedEvent[] = [];
    let bytes = 0;
    let refused = false;
    const refuse = (error: unknown): void => {
      if (refused) return;
      refused = true;
      open.delete(stop);
      callback(asRefused(error));
    };
    const stop = (): void => refuse(new Refused(status.CANCELLED, 'the node is stopping'));
    open.add(stop);
    call.on('cancelled', () => open.delete(stop));
    call.on('error', refuse);
    call.on('data', (message: AppendReq) => {
      if (refused) return;
      try {
        const options = message.getOptions();
        const proposed = message.getProposedMessage();
        if (options) target = appendTarget(options);
        else if (proposed && target) {
          const event = proposedEvent(proposed);
          bytes += appendBytes(event);
          if (bytes > MAX_APPEND_BYTES) throw appendTooLarge(MAX_APPEND_BYTES);
          events.push(event);
        } else throw invalid('the first message of an append must hold its options');
      } catch (error) {
        refuse(error);
      }
    });
    call.on('end', () => {
      if (refused) return;
      if (!target) return refuse(invalid('an append needs options'));
      // What is complete is answered, also by a node that stops.
      open.delete(stop);
      const { stream, expected } = target;
      log
        .append({ stream, expected, events })
        .then((outcome) => appendAnswer(outcome, stream, expected))
        .then((answer) => {
          if (!refused) callback(null, answer);
        }, refuse);
    });
  };
}

function appendTarget(options: AppendReq.Options): { stream: string; expected: Expected } {
  const stream = streamName(options);
  if (stream === '$all') throw accessDenied();
  const expected = expectedRevision({
    exact: options.hasRevision() ? options.getRevision() : undefined,
    noStream: options.hasNoStream(),
    exists: options.hasStreamExists(),
    any: options.hasAny(),
  });
  return { stream, expected };
}

function appendAnswer(outcome: AppendOutcome, stream: string, expected: Expected): AppendResp {
  const answer = new streams.AppendResp();
  const empty = new shared.Empty();
  if (outcome.kind === 'appended') {
    const success = new streams.AppendResp.Success();
    if (outcome.revision < 0n) success.setNoStream(empty);
    else success.setCurrentRevision(outcome.revision.toString());
    if (outcome.position === undefined) success.setNoPosition(empty);
    else {
      const position = outcome.position.toString();
      success.setPosition(new streams.AppendResp.Position().setCommitPosition(position).setPreparePosition(position));
    }
    return answer.setSuccess(success);
  }
  if (outcome.kind === 'timeout') throw new Refused(status.ABORTED, 'the append timed out');
  if (outcome.kind === 'stream_deleted') throw streamDeleted(stream);
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (outcome.current < 0n) wrong.setCurrentNoStream(empty);
  else wrong.setCurrentRevision(outcome.current.toString());
  if (expected === 'any') wrong.setExpectedAny(empty);
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(empty);
  else if (expected < 0n) wrong.setExpectedNoStream(empty);
  else wrong.setExpectedRevision(expected.toString());
  return answer.setWrongExpectedVersion(wrong);
}
