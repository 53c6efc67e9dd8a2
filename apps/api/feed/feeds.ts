import { Injectable } from '@nestjs/common';
import type { Caller } from '#libs/application/caller.js';
import { streamOf } from '#libs/application/streams.js';
import { Problem } from '../problems/problem.js';
import { ApiServices } from '../services.js';

/** Another one may have ended by then. */
const RETRY_AFTER_SECONDS = '5';

/** A place among the feeds that wait, and the wait itself. Ends with `close`. */
export interface Feed {
  /** Forgets the moves so far: what is read from now on has seen them. */
  ready(): void;
  /** True once the organization has moved since `ready`; false after `ms`, or where the signal aborts. */
  moved(ms: number, signal: AbortSignal): Promise<boolean>;
  close(): void;
}

/** Counts the feeds that wait in this process, and wakes them. */
@Injectable()
export class Feeds {
  private readonly open = new Map<string, number>();

  constructor(private readonly services: ApiServices) {}

  /** Throws a problem where the caller, or everybody in the organization, has as many as there may be. */
  enter({ realm, id }: Caller, orgId: string, kind: 'stream' | 'poll'): Feed {
    const { moves, metrics, feedConnections } = this.services;
    // Ids hold no spaces.
    const places = [
      [`caller ${realm} ${id}`, feedConnections.caller],
      [`org ${orgId}`, feedConnections.org],
    ] as const;
    for (const [place, limit] of places)
      if (limit !== null && this.count(place) >= limit)
        throw new Problem('too_many_requests', { policy: 'feeds' }, { 'retry-after': RETRY_AFTER_SECONDS });
    for (const [place] of places) this.open.set(place, this.count(place) + 1);
    metrics.feeds.inc({ kind });
    const wait = new Wait();
    const unwatch = moves.watch(streamOf('org', orgId), () => wait.wake());
    let closed = false;
    return {
      ready: () => wait.reset(),
      moved: (ms, signal) => wait.until(ms, signal),
      close: () => {
        if (closed) return;
        closed = true;
        unwatch();
        metrics.feeds.dec({ kind });
        for (const [place] of places) this.leave(place);
      },
    };
  }

  private count(place: string): number {
    return this.open.get(place) ?? 0;
  }

  private leave(place: string): void {
    const left = this.count(place) - 1;
    if (left === 0) this.open.delete(place);
    else this.open.set(place, left);
  }
}

class Wait {
  private woken = false;
  private resolve: () => void = () => {};

  reset(): void {
    this.woken = false;
  }

  wake(): void {
    this.woken = true;
    this.resolve();
  }

  async until(ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.woken || signal.aborted) return this.woken;
    const { promise, resolve } = settled();
    this.resolve = resolve;
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', resolve);
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', resolve);
    return this.woken;
  }
}

function settled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
