import { createHash } from 'node:crypto';
import { comparePositions, type Position } from '#libs/application/ports/event-store.js';
import { canonicalBytes, type EventLog, isSystemStream, type LogEvent } from './log-event.js';
import { Survey } from './survey.js';

/** The target holds an event that the source has not, or in another place. */
export class TargetDiffers extends Error {
  override readonly name = 'TargetDiffers';
}

export interface Comparison {
  /** Events of user streams that stand in both logs, in the same order. */
  readonly common: number;
  /** Events of user streams in the source. */
  readonly total: number;
  readonly streams: number;
  /** SHA-256 over the canonical bytes of the common events, in hex. */
  readonly digest: string;
  /** The last of them, as the source has it. */
  readonly last: LogEvent | undefined;
  /** Where the target has it. */
  readonly lastInTarget: Position | undefined;
}

export interface CompareOptions {
  /** Reads the source as if it ended here. */
  readonly upTo?: Position;
  /** Told of every page: events of the source read so far. */
  readonly onProgress?: (events: number) => void;
}

/**
 * Reads both logs from their start, side by side, and compares every event of a user stream byte by byte. Throws
 * TargetDiffers unless the target's are the source's first ones, NotCopyable for streams that no copy can keep.
 */
export async function compareLogs(
  source: EventLog,
  target: EventLog,
  options: CompareOptions = {},
): Promise<Comparison> {
  const theirs = new UserEvents(target, new Survey('the target'));
  const survey = new Survey('the source');
  const ours = new UserEvents(source, survey, options.upTo);
  const hash = createHash('sha256');
  let common = 0;
  let total = 0;
  let last: LogEvent | undefined;
  let lastInTarget: Position | undefined;
  for (;;) {
    const copied = theirs.take() ?? (await theirs.next());
    const event = ours.take() ?? (await ours.next(() => options.onProgress?.(total)));
    if (event === undefined) {
      if (copied === undefined) break;
      throw differs(`${place(copied)}, after the source's end`);
    }
    total += 1;
    if (copied === undefined) continue;
    const bytes = canonicalBytes(event);
    if (!bytes.equals(canonicalBytes(copied)))
      throw differs(`${place(copied)} where the source has ${place(event)}, as event ${total} of all`);
    hash.update(bytes);
    common += 1;
    last = event;
    lastInTarget = copied.position;
  }
  return { common, total, streams: survey.streams, digest: hash.digest('hex'), last, lastInTarget };
}

const differs = (what: string) => new TargetDiffers(`the target is no copy of the source: it holds ${what}`);
const place = ({ stream, revision, id, type }: LogEvent) => `${type} ${id} (${stream}, revision ${revision})`;

/** One log's user events one by one; asynchronous only from page to page. */
class UserEvents {
  private readonly pages: AsyncIterator<readonly LogEvent[]>;
  private page: readonly LogEvent[] = [];
  private index = 0;
  private ended = false;

  constructor(
    log: EventLog,
    private readonly survey: Survey,
    private readonly upTo?: Position,
  ) {
    this.pages = log.pages()[Symbol.asyncIterator]();
  }

  /** The next one of the page at hand. */
  take(): LogEvent | undefined {
    while (!this.ended) {
      const event = this.page[this.index++];
      if (event === undefined) return undefined;
      if (this.upTo !== undefined && comparePositions(event.position, this.upTo) > 0) this.ended = true;
      else {
        this.survey.take(event);
        if (!isSystemStream(event.stream)) return event;
      }
    }
    return undefined;
  }

  /** The first one of the pages to come; undefined at the end. */
  async next(turned: () => void = () => {}): Promise<LogEvent | undefined> {
    while (!this.ended) {
      const { done, value } = await this.pages.next();
      if (done === true) break;
      this.page = value;
      this.index = 0;
      turned();
      const event = this.take();
      if (event !== undefined) return event;
    }
    this.ended = true;
    this.survey.finish();
    await this.pages.return?.();
    return undefined;
  }
}
