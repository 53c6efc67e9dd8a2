/** An event as a client proposes it. `id` is 32 lower-case hex digits. */
export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

const HEADER_BYTES = 8;

/**
 * Packs a stored record: lengths of stream name and type, both texts, then the encoded answer that a read sends.
 * The answer is encoded once, at the append; reading copies bytes. Stored format: change it only with the format number.
 */
export function packRecord(stream: string, type: string, answer: Uint8Array): Buffer {
  const streamBytes = Buffer.byteLength(stream);
  const typeBytes = Buffer.byteLength(type);
  const record = Buffer.allocUnsafe(HEADER_BYTES + streamBytes + typeBytes + answer.length);
  record.writeUInt32BE(streamBytes, 0);
  record.writeUInt32BE(typeBytes, 4);
  record.write(stream, HEADER_BYTES);
  record.write(type, HEADER_BYTES + streamBytes);
  record.set(answer, HEADER_BYTES + streamBytes + typeBytes);
  return record;
}

/** The stream name of a stored record. */
export function recordStream(record: Buffer): string {
  return record.toString('utf8', HEADER_BYTES, HEADER_BYTES + record.readUInt32BE(0));
}

/** The event type of a stored record. */
export function recordType(record: Buffer): string {
  const start = HEADER_BYTES + record.readUInt32BE(0);
  return record.toString('utf8', start, start + record.readUInt32BE(4));
}

/** The encoded `ReadResp` of a stored record. */
export function recordAnswer(record: Buffer): Buffer {
  return record.subarray(HEADER_BYTES + record.readUInt32BE(0) + record.readUInt32BE(4));
}
