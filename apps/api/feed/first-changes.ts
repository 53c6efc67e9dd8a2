import type { Drain } from '../../drain.js';
import type { Changes } from './changes.js';
import type { Feed } from './feeds.js';

export interface LongPoll {
  /** The changes after a revision, authorized anew; throws the problem that stands in their place. */
  readonly page: (after: string) => Promise<Changes>;
  readonly feed: Feed;
  readonly after: string;
  readonly waitMs: number;
  readonly drain: Drain;
  /** Aborts when the client has left. */
  readonly gone: AbortSignal;
}

/** The next changes as soon as there are any; none where none came in time, or the process is about to end. */
export async function firstChanges({ page, feed, after, waitMs, drain, gone }: LongPoll): Promise<Changes> {
  const until = performance.now() + waitMs;
  const ending = new AbortController();
  const end = () => ending.abort();
  gone.addEventListener('abort', end, { once: true });
  const forget = drain.onBegin(end);
  try {
    for (;;) {
      feed.ready();
      const found = await page(after);
      const left = until - performance.now();
      if (found.changes.length > 0 || left <= 0 || ending.signal.aborted) return found;
      await feed.moved(left, ending.signal);
    }
  } finally {
    forget();
    gone.removeEventListener('abort', end);
    feed.close();
  }
}
