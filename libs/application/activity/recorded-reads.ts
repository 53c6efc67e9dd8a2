import { LRUCache } from 'lru-cache';
import { v7 } from 'uuid';
import type { ActivityEvent } from '#libs/domain/activity/activity.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { nameOfScheme } from '#libs/domain/schemes/reference.js';
import { atMost } from '../at-most.js';
import type { Caller } from '../caller.js';
import { repeatedReadIdOf } from '../command-ids.js';
import type { Folds } from '../folds.js';
import type { Clock } from '../ports/clock.js';
import type { StoredEvent } from '../ports/event-store.js';
import type { PersonalData } from '../ports/personal-data.js';
import type { Present } from '../present.js';
import type { ActivityLog } from './activity-log.js';
import { type ReadAuthority, readAuthority } from './read-authority.js';

/** Whoever asks the same again within it leaves one event. */
const WINDOW_MS = 600_000;
const REMEMBERED = 10_000;

export interface Reading {
  readonly caller: Caller;
  /** Undefined: the activity of the caller's realm. */
  readonly orgId: string | undefined;
  readonly correlation: string;
}

/** What was asked for, by the filter's name; undefined where it was not. */
export type ReadFilter = Readonly<Record<string, string | undefined>>;

export interface RefusedRead extends Reading {
  readonly query: string;
  readonly permission: string | undefined;
  readonly reason: string | undefined;
  /** Whether the caller was told that there is no such thing. */
  readonly hidden: boolean;
}

type Exported = Extract<ActivityEvent, { type: 'AuditExported' }>['data'];

/** Records who read the audit log, and which reads were refused, in the audit log itself. */
export class RecordedReads {
  private readonly recent = new LRUCache<string, true>(atMost(REMEMBERED));

  constructor(
    private readonly activity: ActivityLog,
    private readonly folds: Folds,
    private readonly present: Pick<Present, 'load'>,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  /**
   * Before an answer is given: nobody reads the audit log unseen. `matched`: something was found, so that every value of the
   * filter stands in the log already. Throws EventStoreUnavailable.
   */
  async auditRead(reading: Reading, asked: ReadFilter, matched: boolean): Promise<void> {
    const { caller, orgId } = reading;
    const window = Math.floor(this.clock.now() / WINDOW_MS);
    const given = Object.entries(filterOf(asked, true)).sort(([a], [b]) => (a < b ? -1 : 1));
    // Keyed: what was typed must not be confirmed by guessing.
    const what = this.personalData.index('audit read', JSON.stringify(given));
    const id = repeatedReadIdOf([caller.realm, caller.id, orgId ?? '', what, window]);
    if (this.recent.has(id)) return;
    const event = { type: 'AuditRead', data: { filter: filterOf(asked, matched) } } as const;
    await this.record(reading, 'ReadAudit', event, {
      id,
      ...(await this.by(reading, ['audit:read', 'realm-activity:read'])),
    });
    this.recent.set(id, true);
  }

  /** Answers the event that bounds the export. Throws EventStoreUnavailable. */
  async exportStarted(
    reading: Reading,
    started: { readonly exportId: string; readonly format: string; readonly filter: ReadFilter },
  ): Promise<StoredEvent> {
    const { exportId, format } = started;
    const data = { exportId, format, filter: filterOf(started.filter, false) };
    const by = await this.by(reading, ['audit:export']);
    return this.record(reading, 'ExportAudit', { type: 'AuditExportStarted', data }, { commandId: exportId, ...by });
  }

  /** Throws EventStoreUnavailable. */
  async exported(reading: Reading, done: Omit<Exported, 'filter'> & { readonly filter: ReadFilter }): Promise<void> {
    const data = { ...done, filter: filterOf(done.filter, done.count > 0) };
    const by = await this.by(reading, ['audit:export']);
    await this.record(reading, 'ExportAudit', { type: 'AuditExported', data }, { commandId: done.exportId, ...by });
  }

  /** Before the answer is given. Throws EventStoreUnavailable. */
  async subjectExported(reading: Reading, userId: string): Promise<void> {
    // What is one's own takes no role.
    const own = reading.orgId === undefined && reading.caller.id === userId;
    const by = own ? {} : await this.by(reading, ['subject:export', 'platform-subject:export']);
    await this.record(reading, 'ExportSubject', { type: 'SubjectExported', data: { userId } }, by);
  }

  /** Before the review is given. The moments as `<revision>@<instant>`. Throws EventStoreUnavailable. */
  async accessReviewRead(reading: Reading, of: { readonly at: string; readonly since: string }): Promise<void> {
    const by = await this.by(reading, ['access-review:run', 'access-review:read']);
    await this.record(reading, 'ReadAccessReview', { type: 'AccessReviewRead', data: { ...of } }, by);
  }

  /** Where the scheme has all refusals audited. True if it was recorded. Throws EventStoreUnavailable. */
  async refused({ query, permission, reason, hidden, ...reading }: RefusedRead): Promise<boolean> {
    const { caller, orgId } = reading;
    const realm = (await this.folds.recent('realm', caller.realm)).state.realm;
    if (realm === undefined || schemeOf(realm.scheme, realm).document.refusals.audit !== 'all') return false;
    const rule = hidden
      ? { code: 'not_found', ...(orgId === undefined ? {} : { orgId }) }
      : { code: 'forbidden', ...(permission === undefined ? {} : { permission }), ...(reason ? { reason } : {}) };
    // As with commands: a stranger leaves no trace in an organization.
    const where = { ...reading, orgId: hidden ? undefined : orgId };
    const event = { type: 'ReadRefused', data: { query, outcome: 'denied', ...rule } } as const;
    await this.record(where, query, event, { scheme: nameOfScheme(realm.scheme) });
    return true;
  }

  private by(reading: Reading, permissions: readonly Permission[]): Promise<ReadAuthority> {
    return readAuthority(this.present, reading, permissions);
  }

  private record(
    { caller, orgId, correlation }: Reading,
    command: string,
    event: ActivityEvent,
    more: { readonly id?: string; readonly commandId?: string } & ReadAuthority,
  ): Promise<StoredEvent> {
    return this.activity.record({ event, caller, orgId, command, commandId: v7(), correlation, ...more });
  }
}

function filterOf(asked: ReadFilter, matched: boolean): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, matched ? value : null]])),
  );
}
