import { type Meter, meterKey, metered } from '#libs/domain/usage/meters.js';
import type { UsageEvent } from '#libs/domain/usage/usage.js';
import { meta } from '../metadata.js';
import type { EventStore, StoredEvent } from '../ports/event-store.js';
import type { UsageReads } from '../ports/usage-reads.js';
import { streamOf } from '../streams.js';

/** An organization's usage up to the end of its stream when that was read. */
export interface UsageNow {
  /** The stream's last revision; -1n for none. */
  readonly revision: bigint;
  /** By the meter's key; of the meters that were asked for. */
  readonly values: ReadonlyMap<string, number>;
  /** The events of the command that was asked for, where it was accepted before. */
  readonly repeated: readonly StoredEvent[] | undefined;
}

/**
 * What was recorded so far: as the read models have added it up, and from the log what follows there. Nothing of it is kept
 * in this process, and it costs as much as the read models are behind, however long the stream is.
 */
export class UsageTail {
  constructor(
    private readonly store: EventStore,
    private readonly reads: UsageReads,
  ) {}

  /** Throws EventStoreUnavailable. */
  async now(orgId: string, meters: readonly Meter[], commandId?: string): Promise<UsageNow> {
    const stream = streamOf('usage', orgId);
    const seen = await this.reads.seen(orgId, meters, commandId);
    const values = new Map(seen.values);
    const wanted = new Set(meters.map(meterKey));
    const found: StoredEvent[] = [];
    let { revision } = seen;
    for await (const page of this.store.read(stream, revision + 1n))
      for (const event of page) {
        revision = event.revision;
        if (commandId !== undefined && event.metadata[meta.commandId] === commandId) found.push(event);
        for (const [key, { adding }] of addedBy(event))
          if (wanted.has(key)) values.set(key, (values.get(key) ?? 0) + adding);
      }
    if (found.length === 0 && seen.command !== undefined) {
      const { firstRevision, lastRevision } = seen.command;
      const count = Number(lastRevision - firstRevision) + 1;
      for await (const page of this.store.read(stream, firstRevision, count)) found.push(...page);
    }
    return { revision, values, repeated: found.length === 0 ? undefined : found };
  }
}

function addedBy({ type, data }: StoredEvent): ReturnType<typeof metered> {
  // Stored data was parsed by its type's schema when it was appended.
  const event = { type, data } as UsageEvent;
  return event.type === 'UsageRecorded' ? metered(event.data.lines) : new Map();
}
