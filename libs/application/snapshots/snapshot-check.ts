import { emptyFold, type Folded, step } from '../fold.js';
import type { EventStore } from '../ports/event-store.js';
import type { StoredSnapshot } from '../ports/snapshot-store.js';
import { streamOf } from '../streams.js';
import { encoded } from './snapshot.js';

/** A check folds a stream from its start, which takes about as long as a question without snapshots. */
const EVERY_MS = 60_000;

/**
 * Compares a snapshot that was used with the fold of the log itself: the first one of a process, then one a minute at most,
 * so that code which would fold otherwise, or a row that was changed together with its digest, is found in time.
 */
export class SnapshotCheck {
  private lastAt = Number.NEGATIVE_INFINITY;
  private checking: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly everyMs = EVERY_MS,
  ) {}

  /** Looks at it in the background, or passes it over. */
  consider(orgId: string, snapshot: Folded<'org'>, differs: () => Promise<void>): void {
    const now = performance.now();
    if (this.checking !== undefined || now - this.lastAt < this.everyMs) return;
    this.lastAt = now;
    this.checking = this.isRight(orgId, snapshot)
      .then((isRight) => (isRight ? undefined : differs()))
      // A log that cannot be read now is read another time.
      .catch(() => undefined)
      .finally(() => {
        this.checking = undefined;
      });
  }

  async settled(): Promise<void> {
    await this.checking;
  }

  private async isRight(orgId: string, snapshot: Folded<'org'>): Promise<boolean> {
    let folded = emptyFold('org');
    for await (const page of this.store.read(streamOf('org', orgId), 0n, Number(snapshot.revision) + 1)) {
      for (const event of page) if (event.revision <= snapshot.revision) folded = step('org', folded, event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return canonical(encoded(orgId, folded)) === canonical(encoded(orgId, snapshot));
  }
}

/** Members in one order: what was decoded in between lists a member that was once absent at another place. */
const canonical = (snapshot: StoredSnapshot | undefined): string =>
  JSON.stringify(snapshot && JSON.parse(snapshot.body), (_, value: unknown) =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
