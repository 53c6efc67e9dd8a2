import { createHash } from 'node:crypto';
import { z } from 'zod';
import { comparePositions, parsePosition, type Position, positionText } from '#libs/application/ports/event-store.js';
import { canonicalBytes, type EventLog, isSystemStream, type LogEvent } from '#libs/eventstore/copy/log-event.js';
import { Survey } from '#libs/eventstore/copy/survey.js';
import { type FileSum, readLines, writeLines } from './lines-file.js';

/** One event of a user stream as a line of JSON. Stored format: a change is another format of the manifest. */
const line = z.strictObject({
  stream: z.string(),
  revision: z.string(),
  id: z.string(),
  type: z.string(),
  contentType: z.string(),
  /** In the log that was backed up. */
  position: z.string(),
  /** As text where the bytes are UTF-8, else in base64. */
  data: z.string().optional(),
  dataBase64: z.base64().optional(),
  metadata: z.string().optional(),
  metadataBase64: z.base64().optional(),
});

/** What a log holds, so that another reading of it can be compared. */
export interface LogSummary {
  readonly events: number;
  readonly streams: number;
  /** SHA-256 over the canonical bytes of all events of user streams, in order, in hex: the same for every copy. */
  readonly sha256: string;
  readonly last: LogEvent | undefined;
}

/** The log as a file: the events of user streams, one a line. Any store's log can be written to one, and read from it. */
export class LogFile implements EventLog {
  constructor(private readonly path: string) {}

  async *pages(after?: Position): AsyncIterable<readonly LogEvent[]> {
    for await (const lines of readLines(this.path)) {
      const events = lines.map(parsed);
      yield after === undefined ? events : events.filter(({ position }) => comparePositions(position, after) > 0);
    }
  }
}

/** Throws NotCopyable for a stream that the file could not bring back. */
export async function writeLogFile(
  path: string,
  source: EventLog,
  onProgress: (events: number) => void = () => {},
): Promise<{ sum: FileSum; log: LogSummary }> {
  const summing = new Summing();
  async function* lines() {
    for await (const page of source.pages()) {
      const users = summing.take(page);
      yield users.map(written);
      onProgress(summing.summary().events);
    }
  }
  const sum = await writeLines(path, lines());
  return { sum, log: summing.finish() };
}

/** Reads a log from start to end. */
export async function summaryOf(source: EventLog): Promise<LogSummary> {
  const summing = new Summing();
  for await (const page of source.pages()) summing.take(page);
  return summing.finish();
}

class Summing {
  private readonly survey = new Survey('the log');
  private readonly hash = createHash('sha256');
  private events = 0;
  private last: LogEvent | undefined;

  /** Answers those of user streams. */
  take(page: readonly LogEvent[]): LogEvent[] {
    for (const event of page) this.survey.take(event);
    const users = page.filter(({ stream }) => !isSystemStream(stream));
    for (const event of users) this.hash.update(canonicalBytes(event));
    this.events += users.length;
    this.last = users.at(-1) ?? this.last;
    return users;
  }

  summary(): { events: number } {
    return { events: this.events };
  }

  finish(): LogSummary {
    this.survey.finish();
    const { events, last } = this;
    return { events, streams: this.survey.streams, sha256: this.hash.digest('hex'), last };
  }
}

function written({ stream, revision, id, type, contentType, position, data, metadata }: LogEvent): string {
  const bytes = { ...textOr64('data', data), ...textOr64('metadata', metadata) };
  const place = { revision: `${revision}`, position: positionText(position) };
  return JSON.stringify({ stream, ...place, id, type, contentType, ...bytes } satisfies z.input<typeof line>);
}

function textOr64(name: 'data' | 'metadata', bytes: Uint8Array) {
  const text = Buffer.from(bytes).toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return { [name]: text };
  return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') };
}

function parsed(text: string): LogEvent {
  const { revision, position, data, dataBase64, metadata, metadataBase64, ...rest } = line.parse(JSON.parse(text));
  const place = parsePosition(position);
  if (place === undefined) throw new Error(`${position} is not a position`);
  const bytes = (plain: string | undefined, base64: string | undefined) =>
    plain === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(plain, 'utf8');
  return {
    ...rest,
    revision: BigInt(revision),
    position: place,
    data: bytes(data, dataBase64),
    metadata: bytes(metadata, metadataBase64),
  };
}
