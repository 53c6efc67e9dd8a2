import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendReq, BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { LogEvent, Run } from './log-event.js';

/** How `BatchAppend` answers that the stream ends elsewhere (`google.rpc.Code`, ALREADY_EXISTS). */
export const WRONG_EXPECTED_VERSION = 6;

/** The messages of one `Append`: where to, then each event. */
export function appendRequests(events: Run): AppendReq[] {
  const [{ stream, revision }] = events;
  const options = new streams.AppendReq.Options().setStreamIdentifier(identifier(stream));
  if (revision === 0n) options.setNoStream(new shared.Empty());
  else options.setRevision(`${revision - 1n}`);
  return [
    new streams.AppendReq().setOptions(options),
    ...events.map((event) =>
      new streams.AppendReq().setProposedMessage(filled(new streams.AppendReq.ProposedMessage(), event)),
    ),
  ];
}

/** One append as one message of a `BatchAppend` call; its answer bears the index. */
export function batchRequest(events: Run, index: number, deadline: Date): BatchAppendReq {
  const [{ stream, revision }] = events;
  const options = new streams.BatchAppendReq.Options()
    .setStreamIdentifier(identifier(stream))
    .setDeadline(timestamp.Timestamp.fromDate(deadline));
  if (revision === 0n) options.setNoStream(new empty.Empty());
  else options.setStreamPosition(`${revision - 1n}`);
  const proposed = events.map((event) => filled(new streams.BatchAppendReq.ProposedMessage(), event));
  return new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(uuidOf(index)))
    .setOptions(options)
    .setProposedMessagesList(proposed)
    .setIsFinal(true);
}

/** Which append of the call the answer is for. */
export function indexOf(answer: BatchAppendResp): number {
  return Number.parseInt(answer.getCorrelationId()?.getString().slice(-12) ?? '', 16);
}

const uuidOf = (index: number) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;

const identifier = (stream: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));

interface Proposed {
  setId(id: InstanceType<typeof shared.UUID>): unknown;
  setData(data: Uint8Array): unknown;
  setCustomMetadata(metadata: Uint8Array): unknown;
  getMetadataMap(): { set(key: string, value: string): unknown };
}

function filled<M extends Proposed>(message: M, { id, type, contentType, data, metadata }: LogEvent): M {
  message.setId(new shared.UUID().setString(id));
  message.setData(data);
  message.setCustomMetadata(metadata);
  message.getMetadataMap().set('type', type);
  message.getMetadataMap().set('content-type', contentType);
  return message;
}
