import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { noteCounts, numbers, openTables } from '#libs/embedded-eventstore/lmdb-tables.js';
import { packRecord, recordAnswer, recordStream, recordType } from '#libs/embedded-eventstore/record.js';

/** A record of the log, as its file holds it. */
export interface LogRecord {
  position: bigint;
  readonly stream: string;
  readonly type: string;
  readonly answer: ReadResp;
}

const recordedEvent = ({ answer }: LogRecord) => {
  const event = answer.getEvent()?.getEvent();
  if (event === undefined) throw new Error('a record without an event');
  return event;
};

export const revisionOf = (record: LogRecord): bigint => BigInt(recordedEvent(record).getStreamRevision());

/** Edits an embedded node's files while it is stopped, as somebody with access to the disk could. */
export async function editLog(folder: string, edit: (records: LogRecord[]) => LogRecord[]): Promise<void> {
  const tables = await openTables(folder);
  try {
    const records = [...tables.log.getRange()].map(({ key, value }) => ({
      position: key.readBigUInt64BE(0),
      stream: recordStream(value),
      type: recordType(value),
      answer: streams.ReadResp.deserializeBinary(recordAnswer(value)),
    }));
    const edited = edit(records);
    await tables.root.batch(() => {
      for (const { position } of records) void tables.log.remove(numbers(position));
      for (const { position, stream, type, answer } of edited)
        void tables.log.put(numbers(position), packRecord(stream, type, answer.serializeBinary()));
      // Whatever follows from the log is built again at the next start.
      noteCounts(tables, undefined);
    });
    await tables.root.flushed;
  } finally {
    await tables.root.close();
  }
}

/** The record with other data, in its place. */
export function altered(record: LogRecord, change: (data: string) => string): LogRecord {
  const copy = { ...record, answer: record.answer.clone() };
  const event = recordedEvent(copy);
  event.setData(Buffer.from(change(Buffer.from(event.getData_asU8()).toString('utf8'))));
  return copy;
}

/** The record at another place. */
export function moved(record: LogRecord, position: bigint, revision: bigint): LogRecord {
  const copy = { ...record, position, answer: record.answer.clone() };
  copy.answer.getEvent()?.setCommitPosition(`${position}`);
  recordedEvent(copy)
    .setStreamRevision(`${revision}`)
    .setCommitPosition(`${position}`)
    .setPreparePosition(`${position}`);
  return copy;
}
