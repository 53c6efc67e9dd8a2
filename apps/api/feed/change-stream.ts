import type { Caller } from '#libs/application/caller.js';
import type { Clock } from '#libs/application/ports/clock.js';
import type { Drain } from '../../drain.js';
import { problemOfError } from '../problems/problem-of-error.js';
import type { Change, Changes } from './changes.js';
import type { Feed } from './feeds.js';

/** Shorter than the time after which proxies close a silent connection; also how long a lost wake-up may go unnoticed. */
const HEARTBEAT_MS = 15_000;
/** Who takes nothing for as long as this is cut off, and comes back to where it was. */
const STALLED_MS = 60_000;
const RETRY_MS = 1000;

export interface ChangeStreamOptions {
  readonly first: Changes;
  /** The changes after a revision, authorized anew; throws the problem that stands in their place. */
  readonly page: (after: string) => Promise<Changes>;
  readonly feed: Feed;
  readonly caller: Pick<Caller, 'token'>;
  readonly clock: Clock;
  readonly drain: Drain;
  /** Aborts when the client has left. */
  readonly gone: AbortSignal;
  /** Cuts the client off. */
  readonly cut: () => void;
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
}

/**
 * Server-sent events: one for each change, its revision as `id`. Pages that are read only as fast as the client takes them,
 * each authorized anew at its last change. Ends with an event `end` that says why: a problem's code, `draining`, or
 * `unauthenticated` where the token has run out; whoever may comes back to where it was.
 */
export function changeStream(options: ChangeStreamOptions): AsyncGenerator<string, void, void> {
  return unlessStalled(eventsOf(options), options.stalledMs ?? STALLED_MS, options.cut);
}

async function* eventsOf(options: ChangeStreamOptions): AsyncGenerator<string, void, void> {
  const { first, page, feed, caller, clock, drain, gone, heartbeatMs = HEARTBEAT_MS } = options;
  const ending = new AbortController();
  const end = () => ending.abort();
  gone.addEventListener('abort', end, { once: true });
  const forget = drain.onBegin(end);
  try {
    // Not all at once, where a process ends that many were connected to.
    yield `retry: ${RETRY_MS + Math.floor(Math.random() * 2 * RETRY_MS)}\n\n`;
    for (let present = first; ; ) {
      for (const change of present.changes) yield written(change);
      if (gone.aborted) return;
      if (clock.now() >= caller.token.expiresAtMs) return yield endOf('unauthenticated');
      if (drain.on && !present.more) return yield endOf('draining');
      feed.ready();
      present = await page(present.after);
      if (present.changes.length > 0) continue;
      if (!(await feed.moved(heartbeatMs, ending.signal)) && !ending.signal.aborted) yield ':\n\n';
    }
  } catch (error) {
    yield endOf(problemOfError(error)?.code ?? 'internal');
  } finally {
    forget();
    gone.removeEventListener('abort', end);
    feed.close();
  }
}

async function* unlessStalled(chunks: AsyncGenerator<string, void, void>, ms: number, cut: () => void) {
  for await (const chunk of chunks) {
    const timer = setTimeout(cut, ms);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
}

// JSON has no line breaks of its own.
const written = (change: Change): string => `id: ${change.revision}\ndata: ${JSON.stringify(change)}\n\n`;
const endOf = (code: string): string => `event: end\ndata: ${JSON.stringify({ code })}\n\n`;
