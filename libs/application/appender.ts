import { setTimeout as sleep } from 'node:timers/promises';
import type { Category } from '#libs/domain/aggregates.js';
import type { Folded } from './fold.js';
import type { Folds } from './folds.js';
import { required } from './metadata.js';
import {
  type EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type StoredEvent,
} from './ports/event-store.js';
import type { PersonalData } from './ports/personal-data.js';
import { streamOf } from './streams.js';

const UNKNOWN_OUTCOME_RETRIES_MS = [20, 100, 400];

const always = ['realm', 'actor', 'command', 'commandId', 'occurredAt', 'part'] as const;

export type Appended =
  | { readonly kind: 'appended'; readonly events: readonly StoredEvent[]; readonly position: Position }
  | { readonly kind: 'conflict' };

/** What has to be so before events are appended at a revision; nothing is appended where it throws. */
export type BeforeAppend = (stream: string, onto: bigint, events: readonly EventToAppend[]) => Promise<void>;

/** Appends decided events at the revision they were decided on, with personal fields sealed. */
export class Appender {
  constructor(
    private readonly store: EventStore,
    private readonly folds: Folds,
    private readonly personalData: PersonalData,
    private readonly before: BeforeAppend = async () => {},
  ) {}

  /** All events or none. Throws EventStoreUnavailable where the outcome stays unknown after some tries. */
  async append<C extends Category>(
    category: C,
    id: string,
    onto: Folded<C>,
    events: readonly EventToAppend[],
  ): Promise<Appended> {
    const appended = await this.add(category, id, onto.revision, events);
    if (appended.kind === 'appended') this.folds.appended(category, id, appended.events);
    return appended;
  }

  /** The same of a stream that nobody folds; under `any`, wherever it ends. */
  async add(
    category: Category,
    id: string,
    expected: ExpectedRevision,
    events: readonly EventToAppend[],
  ): Promise<Appended> {
    const stream = streamOf(category, id);
    // Whoever follows the log relies on these; an event without them would stop every reader for good.
    for (const { metadata } of events) for (const name of always) required(metadata, name);
    const sealed = await this.personalData.seal(events.map((event) => ({ ...event, stream })));
    if (expected !== 'any') await this.before(stream, expected, events);
    const outcome = await this.appendCertainly(stream, expected, sealed);
    if (!outcome.appended) return { kind: 'conflict' };
    const { position, revision: last } = outcome;
    const first = last - BigInt(sealed.length) + 1n;
    const stored = sealed.map((event, i) => ({ ...event, revision: first + BigInt(i), position }));
    return { kind: 'appended', events: stored, position };
  }

  /** Repeats with the same ids and revision while the outcome is unknown: the store then tells what became of it. */
  private async appendCertainly(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]) {
    for (const delay of UNKNOWN_OUTCOME_RETRIES_MS) {
      try {
        return await this.store.append(stream, expected, events);
      } catch (error) {
        if (!(error instanceof EventStoreUnavailable)) throw error;
        await sleep(delay);
      }
    }
    return this.store.append(stream, expected, events);
  }
}
