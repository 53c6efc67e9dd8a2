import { setTimeout as sleep } from 'node:timers/promises';
import { v7 } from 'uuid';
import type { ActivityEvent } from '#libs/domain/activity/activity.js';
import { realmActivity } from '#libs/domain/activity/activity.js';
import type { Caller } from '../caller.js';
import { meta, metadataOfCaller } from '../metadata.js';
import type { Clock } from '../ports/clock.js';
import { type EventStore, EventStoreUnavailable, type EventToAppend, type StoredEvent } from '../ports/event-store.js';
import { streamOf } from '../streams.js';

const UNKNOWN_OUTCOME_RETRIES_MS = [20, 100, 400];

/** Something that left no trace in the organization itself, and shall stand in its audit log. */
export interface Activity {
  readonly event: ActivityEvent;
  readonly caller: Omit<Caller, 'token'>;
  /** Undefined: it stands in the realm's activity. */
  readonly orgId: string | undefined;
  /** What was tried, as the audit log names it: a command or a query. */
  readonly command: string;
  readonly commandId: string;
  readonly correlation: string;
  /** The roles that the caller held there, separated by spaces. */
  readonly role?: string;
  /** Ids of the events that gave the caller the right, of what was allowed. */
  readonly evidence?: readonly string[];
  /** Whether the right came from the list of addresses for emergencies alone. */
  readonly breakGlass?: true | undefined;
  /** `id@version` of the scheme that decided. */
  readonly scheme?: string;
  readonly traceparent?: string | undefined;
  /** Id of the event that it follows from. */
  readonly causation?: string;
  /** Where given, the same one is recorded once, however often and by however many processes. */
  readonly id?: string;
}

/** Appends to the activity streams, of organizations and of realms. Nothing is read before: no entry rests on another. */
export class ActivityLog {
  private lastMs = 0;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  /** Throws EventStoreUnavailable where the outcome stays unknown after some tries. */
  async record(activity: Activity): Promise<StoredEvent> {
    const stream = streamOf('activity', activity.orgId ?? realmActivity(activity.caller.realm));
    const event = { ...activity.event, id: activity.id ?? v7(), metadata: this.metadata(activity) };
    const outcome = await this.appendCertainly(stream, event);
    if (!outcome.appended) throw new Error(`${stream}: an append that expects nothing met a conflict`);
    return { ...event, stream, revision: outcome.revision, position: outcome.position };
  }

  private metadata({
    caller,
    orgId,
    command,
    commandId,
    correlation,
    scheme,
    traceparent,
    causation,
    ...by
  }: Activity) {
    // Never backwards within this process; two processes' clocks may differ.
    this.lastMs = Math.max(this.lastMs, this.clock.now());
    return {
      ...metadataOfCaller(caller),
      ...(orgId === undefined ? {} : { [meta.org]: orgId }),
      [meta.command]: command,
      [meta.commandId]: commandId,
      [meta.payloadDigest]: '',
      [meta.keyed]: 'false',
      [meta.occurredAt]: new Date(this.lastMs).toISOString(),
      [meta.correlation]: correlation,
      [meta.part]: '1/1',
      ...(by.role ? { [meta.role]: by.role } : {}),
      ...(by.evidence === undefined ? {} : { [meta.evidence]: by.evidence.join(' ') }),
      ...(by.breakGlass === true ? { [meta.breakGlass]: 'true' } : {}),
      ...(scheme === undefined ? {} : { [meta.scheme]: scheme }),
      ...(traceparent === undefined ? {} : { [meta.traceparent]: traceparent }),
      ...(causation === undefined ? {} : { [meta.causation]: causation }),
    };
  }

  /** Repeats with the same id: the store then tells what became of it. */
  private async appendCertainly(stream: string, event: EventToAppend) {
    for (const delay of UNKNOWN_OUTCOME_RETRIES_MS) {
      try {
        return await this.store.append(stream, 'any', [event]);
      } catch (error) {
        if (!(error instanceof EventStoreUnavailable)) throw error;
        await sleep(delay);
      }
    }
    return this.store.append(stream, 'any', [event]);
  }
}
