import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js';
import { NO_STREAM } from './append-rules.js';
import type { Expected } from './append-rules.js';
import { Refused, invalid } from './errors.js';
import type { ProposedEvent } from './record.js';
import { status } from '@grpc/grpc-js';

/** Largest append, as in the server's default settings. */
export const MAX_APPEND_BYTES = 1024 * 1024;
/** UTF-16 code units of a stream name or an event type; bounds what a filter's regex has to go over. */
const LONGEST_NAME = 8192;
/** Also the number of a tombstone, and `$tb` of a soft-deleted stream. */
export const LARGEST_REVISION = (1n << 63n) - 1n;
/** How some clients say that they read from the end: the largest unsigned number. */
export const END_REVISION = ((1n << 64n) - 1n).toString();
export const JSON_CONTENT = 'application/json';
const TICKS_PER_MS = 10_000n;

const { ReadResp } = streams;
const { ReadEvent } = ReadResp;
const { RecordedEvent } = ReadEvent;

/** Encodes the answer by which every read and subscription sends this event. */
export function encodeReadEvent(stored: {
  event: ProposedEvent;
  stream: string;
  revision: bigint;
  position: bigint;
  created: number;
}): Uint8Array {
  const { event } = stored;
  const position = stored.position.toString();
  const recorded = new RecordedEvent()
    .setId(new shared.UUID().setString(hyphenated(event.id)))
    .setStreamIdentifier(streamIdentifier(stored.stream))
    .setStreamRevision(stored.revision.toString())
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setCustomMetadata(event.metadata)
    .setData(event.data);
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.contentType)
    .set('created', (BigInt(stored.created) * TICKS_PER_MS).toString());
  const answer = new ReadResp().setEvent(new ReadEvent().setEvent(recorded).setCommitPosition(position));
  return answer.serializeBinary();
}

/** What an encoded answer says of its event. `created` is in milliseconds since the epoch. */
export function decodeReadEvent(answer: Buffer) {
  const event = ReadResp.deserializeBinary(answer).getEvent()?.getEvent();
  const id = uuidHex(event?.getId());
  if (!event || id === undefined) throw new Error('a stored record holds no event');
  const properties = event.getMetadataMap();
  return {
    id,
    revision: BigInt(event.getStreamRevision()),
    isJson: properties.get('content-type') === JSON_CONTENT,
    created: Number(BigInt(properties.get('created') ?? 0) / TICKS_PER_MS),
    data: Buffer.from(event.getData_asU8()),
  };
}

/** The same answer with its event id as two 64-bit halves, for clients that ask for that form. */
export function withStructuredId(answer: Buffer): Buffer {
  const message = ReadResp.deserializeBinary(answer);
  const id = message.getEvent()?.getEvent()?.getId();
  if (id) {
    const hex = id.getString().replaceAll('-', '');
    const half = (digits: string): string => BigInt.asIntN(64, BigInt(`0x${digits}`)).toString();
    id.setStructured(
      new shared.UUID.Structured()
        .setMostSignificantBits(half(hex.slice(0, 16)))
        .setLeastSignificantBits(half(hex.slice(16))),
    );
  }
  return Buffer.from(message.serializeBinary());
}

export function streamIdentifier(stream: string): InstanceType<typeof shared.StreamIdentifier> {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));
}

interface NamesStream {
  getStreamIdentifier(): InstanceType<typeof shared.StreamIdentifier> | undefined;
}

/** The stream that a message names. */
export function streamName(message: NamesStream): string {
  const name = Buffer.from(message.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  if (name === '' || name === '$$') throw invalid('a stream name is required');
  if (name.length > LONGEST_NAME) throw invalid(`a stream name may have ${LONGEST_NAME} characters`);
  return name;
}

interface Proposed {
  getId(): UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}

/** A proposed message of either append call. */
export function proposedEvent(message: Proposed): ProposedEvent {
  const properties = message.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (!type || contentType === undefined) {
    throw new Refused(
      status.INVALID_ARGUMENT,
      'type and content-type are required',
      'missing-required-metadata-property',
      { 'required-metadata-properties': 'type,content-type' },
    );
  }
  if (type.length > LONGEST_NAME) throw invalid(`an event type may have ${LONGEST_NAME} characters`);
  return {
    id: eventId(message.getId()),
    type,
    // Anything but JSON is binary (eventstore protocol: content types).
    contentType: contentType === JSON_CONTENT ? contentType : 'application/octet-stream',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** Bytes that count towards the largest append: data, metadata, and the type in UTF-16. */
export function appendBytes(event: ProposedEvent): number {
  return event.data.length + event.metadata.length + 2 * event.type.length;
}

/** A UUID in either form as 32 lower-case hex digits. */
export function uuidHex(uuid: UUID | undefined): string | undefined {
  const structured = uuid?.getStructured();
  if (structured) {
    const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
    return half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
  }
  const hex = uuid?.getString().replaceAll('-', '').toLowerCase();
  return hex !== undefined && /^[0-9a-f]{32}$/.test(hex) ? hex : undefined;
}

function eventId(uuid: UUID | undefined): string {
  const hex = uuidHex(uuid);
  if (hex === undefined || /^0+$/.test(hex)) throw invalid('an event id must be a UUID that is not empty');
  return hex;
}

function hyphenated(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** An expected revision as it came: a number, or one of the three words. */
export function expectedRevision(options: {
  exact: string | undefined;
  noStream: boolean;
  exists: boolean;
  any: boolean;
}): Expected {
  if (options.exact !== undefined) return revision(options.exact);
  if (options.noStream) return NO_STREAM;
  if (options.exists) return 'stream_exists';
  if (options.any) return 'any';
  throw invalid('an expected revision is required');
}

/** A stream revision; the upper half of the unsigned range means nothing. */
export function revision(digits: string): bigint {
  const value = BigInt(digits);
  if (value < 0n || value > LARGEST_REVISION) throw invalid(`${digits} is not a stream revision`);
  return value;
}
