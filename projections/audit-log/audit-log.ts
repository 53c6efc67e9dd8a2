import { required } from '#libs/application/metadata.js';
import { type ActivityEvent, activityTargets, realmActivity } from '#libs/domain/activity/activity.js';
import { personalFieldsOf, replaceAt } from '#libs/vault/personal-fields.js';
import { targetsOf } from '#libs/domain/org/events.js';
import { type RealmEvent, realmTargets } from '#libs/domain/realm/events.js';
import { type UsageEvent, usageTargets } from '#libs/domain/usage/usage.js';
import { type ProjectedEvent, projectionOfEach } from '#libs/readstore/projection.js';
import { bigint, boolean, jsonb, nullable, table, text, texts, timestamptz } from '#libs/readstore/table.js';

/**
 * One entry per event of an organization, of its activity and its usage, and of a realm and its activity. Each filter has its index,
 * and after it the place in the log, by which the streams are merged and a page is found again.
 */
export const auditEntries = table(
  'audit_entries',
  {
    stream: text,
    commit: bigint,
    prepare: bigint,
    revision: bigint,
    /** Of a realm and its activity: `realm:` and the realm's id. */
    org_id: text,
    event_id: text,
    occurred_at: timestamptz,
    realm: text,
    actor: text,
    credential: nullable(text),
    /** Who acted in the actor's name. */
    delegate: nullable(text),
    /** From where and why, as it is sealed in the log. */
    origin: nullable(text),
    command: text,
    command_id: text,
    event_type: text,
    targets: texts,
    environment_id: nullable(text),
    /** `allowed`, `denied` for want of a right, or `refused` by a rule. */
    outcome: text,
    /** The role that the actor acted by; of what was refused, the roles that the actor held. */
    role: nullable(text),
    /** Ids of the events that gave the actor the right. */
    evidence: texts,
    /** Whether the actor had the right from the list of addresses for emergencies alone. */
    break_glass: boolean,
    /** `id@version` of the scheme that decided. */
    scheme: nullable(text),
    correlation: nullable(text),
    causation: nullable(text),
    /** W3C trace context. */
    trace: nullable(text),
    data: jsonb,
  },
  {
    key: ['stream', 'commit', 'prepare'],
    appendOnly: true,
    indexes: [
      { columns: ['stream', 'actor', 'commit', 'prepare'] },
      // Everything that one person did, wherever it was.
      { columns: ['actor', 'stream', 'commit', 'prepare'], where: 'origin is not null' },
      { columns: ['stream', 'command', 'commit', 'prepare'] },
      { columns: ['stream', 'occurred_at', 'commit', 'prepare'] },
      { columns: ['stream', 'environment_id', 'commit', 'prepare'], where: 'environment_id is not null' },
      { columns: ['stream', 'correlation', 'commit', 'prepare'], where: 'correlation is not null' },
      { columns: ['stream', 'credential', 'commit', 'prepare'], where: 'credential is not null' },
      { columns: ['stream', 'outcome', 'commit', 'prepare'], where: "outcome <> 'allowed'" },
    ],
  },
);

/** By target, because an index over arrays could neither start at a stream nor give entries in order. */
export const auditTargets = table(
  'audit_targets',
  { stream: text, target: text, commit: bigint, prepare: bigint, org_id: text },
  {
    key: ['stream', 'target', 'commit', 'prepare'],
    appendOnly: true,
    indexes: [{ columns: ['target', 'org_id'], where: "stream like 'org-%'" }],
  },
);

export const auditLogProjection = projectionOfEach({
  name: 'audit-log',
  version: 7,
  tables: [auditEntries, auditTargets],
  each: (event, write) => {
    const { category, stream, streamId, id, type, metadata, revision, position, occurredAt } = event;
    if (category === 'user') return;
    const targets = targetsIn(event);
    const org_id = category === 'realm' ? realmActivity(streamId) : streamId;
    const place = { stream, commit: position.commit, prepare: position.prepare };
    write.put(auditEntries, {
      ...place,
      revision,
      org_id,
      event_id: id,
      occurred_at: occurredAt,
      realm: required(metadata, 'realm'),
      actor: required(metadata, 'actor'),
      credential: metadata.credential ?? null,
      delegate: metadata.delegate ?? null,
      origin: metadata.origin ?? null,
      command: required(metadata, 'command'),
      command_id: required(metadata, 'commandId'),
      event_type: type,
      targets,
      environment_id: environmentIn(event),
      outcome: category === 'activity' ? outcomeOf(activityIn(event)) : 'allowed',
      role: metadata.role ?? null,
      evidence: (metadata.evidence ?? '').split(' ').filter((each) => each !== ''),
      break_glass: metadata.breakGlass === 'true',
      scheme: metadata.scheme ?? null,
      correlation: metadata.correlation ?? null,
      causation: metadata.causation ?? null,
      trace: metadata.traceparent ?? null,
      data: toldOf(event),
    });
    for (const target of targets) write.put(auditTargets, { ...place, target, org_id });
  },
});

// Stored data was parsed by its type's schema when it was appended.
const realmIn = ({ type, data }: { type: string; data: unknown }) => ({ type, data }) as RealmEvent;
const activityIn = ({ type, data }: { type: string; data: unknown }) => ({ type, data }) as ActivityEvent;
const usageIn = ({ type, data }: { type: string; data: unknown }) => ({ type, data }) as UsageEvent;

function targetsIn(event: ProjectedEvent): readonly string[] {
  if (event.category === 'org') return targetsOf(event.type, event.data);
  if (event.category === 'usage') return usageTargets(usageIn(event));
  return event.category === 'realm' ? realmTargets(realmIn(event)) : activityTargets(activityIn(event));
}

/**
 * Of usage nothing but who and where: how much it was, and why something was blocked, is told by the views of usage, to those who
 * may read these; and an entry costs the same however many lines it is of.
 */
function toldOf({ category, type, data }: ProjectedEvent): unknown {
  // Personal fields live with the people only.
  return category === 'usage' ? {} : replaceAt(data, personalFieldsOf(category, type), () => null);
}

const outcomeOf = ({ data }: ActivityEvent): string => ('outcome' in data ? data.outcome : 'allowed');

/** The one environment that an event names; where usage names several, each of them is a target and none this. */
function environmentIn(event: ProjectedEvent): string | null {
  if (event.category === 'org') return environmentOf(event.data);
  if (event.category !== 'usage') return null;
  const { type, data } = usageIn(event);
  const named = (type === 'UsageRecorded' ? data.lines : [data]).map(environmentOf).filter((id) => id !== null);
  const [only, ...others] = new Set(named);
  return others.length === 0 ? (only ?? null) : null;
}

function environmentOf(data: unknown): string | null {
  const named = typeof data === 'object' && data !== null && 'environmentId' in data ? data.environmentId : null;
  return typeof named === 'string' ? named : null;
}
