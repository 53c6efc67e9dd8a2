import { type Comparison, compareLogs } from './compare.js';
import { type EventLog, isSystemStream, type LogEvent, type Run, type WritableLog } from './log-event.js';

/** Bounds of one append, well below what stores take at once (1 MiB). A single larger event goes alone. */
const APPEND_EVENTS = 500;
const APPEND_BYTES = 512 * 1024;
/** What is handed to the target at once. */
const WINDOW_APPENDS = 256;
const WINDOW_BYTES = 4 * 1024 * 1024;

export interface CopyProgress {
  readonly phase: 'comparing' | 'copying' | 'verifying';
  /** Events done in this phase. */
  readonly events: number;
  /** Undefined while the source's length is not known. */
  readonly total: number | undefined;
}

export interface CopyReport extends Comparison {
  /** Events that the target held before. */
  readonly present: number;
}

/**
 * Makes the target a copy of the source's user streams: every event with its id, its place among all the others, its
 * revision, data and metadata. Copies up to the source's end, then compares the two from start to end.
 *
 * What the target holds says how far an earlier run came, so a run that was killed is continued by the next. Writes
 * nothing where the target holds anything else (TargetDiffers) or a stream cannot be kept (NotCopyable).
 */
export async function copyLog(
  source: EventLog,
  target: WritableLog,
  onProgress: (progress: CopyProgress) => void = () => {},
): Promise<CopyReport> {
  const before = await compareLogs(source, target, {
    onProgress: (events) => onProgress({ phase: 'comparing', events, total: undefined }),
  });
  const present = before.common;
  if (before.common === before.total) return { ...before, present };
  let copied = present;
  let end = before.last?.position;
  for await (const page of source.pages(end)) {
    const users = page.filter(({ stream }) => !isSystemStream(stream));
    for (const runs of windowsOf(runsOf(users))) {
      await target.append(runs);
      copied += runs.reduce((sum, { length }) => sum + length, 0);
      onProgress({ phase: 'copying', events: copied, total: Math.max(copied, before.total) });
    }
    end = page.at(-1)?.position ?? end;
  }
  const after = await compareLogs(source, target, {
    ...(end && { upTo: end }),
    onProgress: (events) => onProgress({ phase: 'verifying', events, total: copied }),
  });
  if (after.common !== after.total)
    throw new Error(`the target lacks ${after.total - after.common} events after it was copied to`);
  return { ...after, present };
}

/** Runs of consecutive events of one stream, within the bounds of an append. */
function* runsOf(events: readonly LogEvent[]): Iterable<Run> {
  let run: [LogEvent, ...LogEvent[]] | undefined;
  let bytes = 0;
  for (const event of events) {
    const size = sizeOf(event);
    if (run?.[0].stream === event.stream && run.length < APPEND_EVENTS && bytes + size <= APPEND_BYTES) {
      run.push(event);
      bytes += size;
      continue;
    }
    if (run !== undefined) yield run;
    run = [event];
    bytes = size;
  }
  if (run !== undefined) yield run;
}

/** A run beyond the bounds of an append stands alone, so that the store's refusal leaves nothing out that comes later. */
function* windowsOf(runs: Iterable<Run>): Iterable<readonly Run[]> {
  let window: Run[] = [];
  let bytes = 0;
  for (const run of runs) {
    const size = run.reduce((sum, event) => sum + sizeOf(event), 0);
    const full = window.length === WINDOW_APPENDS || bytes + size > WINDOW_BYTES || size > APPEND_BYTES;
    if (full && window.length > 0) {
      yield window;
      [window, bytes] = [[], 0];
    }
    window.push(run);
    bytes = size > APPEND_BYTES ? WINDOW_BYTES : bytes + size;
  }
  if (window.length > 0) yield window;
}

const sizeOf = ({ type, data, metadata }: LogEvent) => 2 * type.length + data.length + metadata.length;
