import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusMessages from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Expected } from './append-rules.js';
import { Refused } from './errors.js';
import type { AppendOutcome } from './group.js';
import type { Log } from './log.js';
import type { OpenCalls } from './outlet.js';
import type { ProposedEvent } from './record.js';
import {
  MAX_APPEND_BYTES,
  appendBytes,
  expectedRevision,
  proposedEvent,
  streamIdentifier,
  streamName,
  uuidHex,
} from './wire.js';

/** An append waits no longer than this for its turn, whatever deadline the client names. */
const LONGEST_WAIT_MS = 30_000;
/** A client that starts appends and never finishes them cannot fill the memory. */
const MOST_UNFINISHED = 10_000;

type Call = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

interface Batch {
  readonly options: BatchAppendReq.Options;
  readonly stream: string;
  readonly expected: Expected;
  readonly deadline: number;
  readonly events: ProposedEvent[];
  bytes: number;
}

class BatchError extends Error {
  constructor(
    readonly type: string,
    readonly code: number,
    readonly detail: { serializeBinary(): Uint8Array },
  ) {
    super(type);
  }
}

/**
 * Answers `BatchAppend`: one call for all appends of a channel. Every correlation id gets exactly one answer, and a bad
 * append never ends the call.
 */
export function answerBatchAppend(log: Log, open: OpenCalls) {
  return (call: Call): void => {
    const unfinished = new Map<string, Batch | 'refused'>();
    let running = 0;
    let halfClosed = false;
    let stopping = false;
    const endWhenDone = (): void => {
      if (running > 0) return;
      // On a stop, what has been accepted is still answered; only then the call is cancelled.
      if (stopping) call.emit('error', new Refused(status.CANCELLED, 'the node is stopping'));
      else if (halfClosed) call.end();
    };
    const stop = (): void => {
      stopping = true;
      endWhenDone();
    };
    const forget = (): void => {
      unfinished.clear();
      open.delete(stop);
    };
    open.add(stop);

    const run = async (message: BatchAppendReq, batch: Batch): Promise<void> => {
      running += 1;
      const { stream, expected, events, deadline } = batch;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<AppendOutcome>((resolve) => {
        timer = setTimeout(() => resolve({ kind: 'timeout' }), Math.max(0, deadline - Date.now()));
      });
      try {
        const outcome = await Promise.race([log.append({ stream, expected, events, deadline }), late]);
        call.write(answer(message, batch, outcome));
      } catch {
        call.write(refusal(message, streamIdentifierOf(batch.options), unknown()));
      } finally {
        clearTimeout(timer);
        running -= 1;
        endWhenDone();
      }
    };

    call.on('data', (message: BatchAppendReq) => {
      const id = uuidHex(message.getCorrelationId());
      if (id === undefined || stopping) return;
      let batch = unfinished.get(id);
      try {
        if (batch === undefined) {
          if (unfinished.size >= MOST_UNFINISHED) throw badRequest('too many unfinished appends');
          batch = begin(message);
          unfinished.set(id, batch);
        }
        if (batch !== 'refused') collect(batch, message);
      } catch (error) {
        unfinished.set(id, 'refused');
        const identifier = batch && batch !== 'refused' ? batch.options : message.getOptions();
        const reason = error instanceof BatchError ? error : badRequest(error instanceof Error ? error.message : '');
        call.write(refusal(message, streamIdentifierOf(identifier), reason));
        batch = 'refused';
      }
      if (!message.getIsFinal()) return;
      unfinished.delete(id);
      if (batch !== 'refused') void run(message, batch);
    });
    call.on('end', () => {
      halfClosed = true;
      endWhenDone();
    });
    call.on('cancelled', forget);
    call.on('close', forget);
  };
}

function begin(message: BatchAppendReq): Batch {
  const options = message.getOptions();
  if (!options) throw badRequest('the first message of an append must hold its options');
  const stream = streamName(options);
  if (stream === '$all') throw new BatchError('AccessDenied', 7, new shared.AccessDenied());
  const expected = expectedRevision({
    exact: options.hasStreamPosition() ? options.getStreamPosition() : undefined,
    noStream: options.hasNoStream(),
    exists: options.hasStreamExists(),
    any: options.hasAny(),
  });
  const asked = options.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY;
  const deadline = Math.min(asked, Date.now() + LONGEST_WAIT_MS);
  return { options, stream, expected, deadline, events: [], bytes: 0 };
}

function collect(batch: Batch, message: BatchAppendReq): void {
  for (const proposed of message.getProposedMessagesList()) {
    const event = proposedEvent(proposed);
    batch.bytes += appendBytes(event);
    if (batch.bytes > MAX_APPEND_BYTES) {
      const detail = new shared.MaximumAppendSizeExceeded().setMaxappendsize(MAX_APPEND_BYTES);
      throw new BatchError('MaximumAppendSizeExceeded', 3, detail);
    }
    batch.events.push(event);
  }
}

function answer(message: BatchAppendReq, batch: Batch, outcome: AppendOutcome): BatchAppendResp {
  if (outcome.kind === 'timeout') {
    return refusal(message, streamIdentifierOf(batch.options), new BatchError('Timeout', 4, new shared.Timeout()));
  }
  if (outcome.kind === 'stream_deleted') {
    const detail = new shared.StreamDeleted().setStreamIdentifier(streamIdentifier(batch.stream));
    return refusal(message, streamIdentifierOf(batch.options), new BatchError('StreamDeleted', 5, detail));
  }
  if (outcome.kind === 'wrong_expected_version') {
    const detail = new shared.WrongExpectedVersion();
    if (outcome.current < 0n) detail.setCurrentNoStream(new empty.Empty());
    else detail.setCurrentStreamRevision(outcome.current.toString());
    if (batch.expected === 'any') detail.setExpectedAny(new empty.Empty());
    else if (batch.expected === 'stream_exists') detail.setExpectedStreamExists(new empty.Empty());
    else if (batch.expected < 0n) detail.setExpectedNoStream(new empty.Empty());
    else detail.setExpectedStreamPosition(batch.expected.toString());
    return refusal(message, streamIdentifierOf(batch.options), new BatchError('WrongExpectedVersion', 6, detail));
  }
  const success = new streams.BatchAppendResp.Success();
  if (outcome.revision < 0n) success.setNoStream(new empty.Empty());
  else success.setCurrentRevision(outcome.revision.toString());
  if (outcome.position === undefined) success.setNoPosition(new empty.Empty());
  else {
    const position = outcome.position.toString();
    success.setPosition(new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position));
  }
  return new streams.BatchAppendResp()
    .setCorrelationId(message.getCorrelationId())
    .setStreamIdentifier(streamIdentifier(batch.stream))
    .setSuccess(success);
}

function refusal(
  message: BatchAppendReq,
  identifier: InstanceType<typeof shared.StreamIdentifier>,
  error: BatchError,
): BatchAppendResp {
  const detail = new any.Any();
  detail.pack(error.detail.serializeBinary(), `event_store.client.${error.type}`);
  const reason = new statusMessages.Status().setCode(error.code).setMessage(error.type).setDetails(detail);
  return new streams.BatchAppendResp()
    .setCorrelationId(message.getCorrelationId())
    .setStreamIdentifier(identifier)
    .setError(reason);
}

/** Always set, even where the request named no stream: the client reads it without asking. */
function streamIdentifierOf(options: BatchAppendReq.Options | undefined) {
  return options?.getStreamIdentifier() ?? streamIdentifier('');
}

function badRequest(message: string): BatchError {
  return new BatchError('BadRequest', 3, new shared.BadRequest().setMessage(message));
}

function unknown(): BatchError {
  return new BatchError('Unknown', 2, new shared.Unknown());
}
