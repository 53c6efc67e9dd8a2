import { required } from '#libs/application/metadata.js';
import { targetsOf } from '#libs/domain/org/events.js';
import { projectionOfEach } from '#libs/readstore/projection.js';
import { bigint, jsonb, nullable, table, text, texts, timestamptz } from '#libs/readstore/table.js';

/** One entry per event of an organization's stream, at the event's own revision. Each filter has its index, then the cursor. */
export const auditEntries = table(
  'audit_entries',
  {
    org_id: text,
    revision: bigint,
    event_id: text,
    commit: bigint,
    prepare: bigint,
    occurred_at: timestamptz,
    realm: text,
    actor: text,
    credential: nullable(text),
    command: text,
    command_id: text,
    event_type: text,
    targets: texts,
    environment_id: nullable(text),
    outcome: text,
    /** The role that the actor acted by. */
    role: nullable(text),
    correlation: nullable(text),
    data: jsonb,
  },
  {
    key: ['org_id', 'revision'],
    appendOnly: true,
    indexes: [
      { columns: ['org_id', 'actor', 'revision'] },
      { columns: ['org_id', 'command', 'revision'] },
      { columns: ['org_id', 'occurred_at', 'revision'] },
      { columns: ['org_id', 'environment_id', 'revision'], where: 'environment_id is not null' },
      { columns: ['org_id', 'correlation', 'revision'], where: 'correlation is not null' },
      { columns: ['org_id', 'credential', 'revision'], where: 'credential is not null' },
      { columns: ['org_id', 'outcome', 'revision'], where: "outcome <> 'allowed'" },
    ],
  },
);

/** By target, because an index over arrays could neither start at an organization nor give entries in order. */
export const auditTargets = table(
  'audit_targets',
  { org_id: text, target: text, revision: bigint },
  { key: ['org_id', 'target', 'revision'], appendOnly: true, indexes: [{ columns: ['target', 'org_id'] }] },
);

export const auditLogProjection = projectionOfEach({
  name: 'audit-log',
  version: 2,
  tables: [auditEntries, auditTargets],
  each: ({ category, streamId, id, type, data, metadata, revision, position, occurredAt }, write) => {
    if (category !== 'org') return;
    const targets = targetsOf(type, data);
    write.put(auditEntries, {
      org_id: streamId,
      revision,
      event_id: id,
      commit: position.commit,
      prepare: position.prepare,
      occurred_at: occurredAt,
      realm: required(metadata, 'realm'),
      actor: required(metadata, 'actor'),
      credential: metadata.credential ?? null,
      command: required(metadata, 'command'),
      command_id: required(metadata, 'commandId'),
      event_type: type,
      targets,
      environment_id: environmentOf(data),
      outcome: 'allowed',
      role: metadata.role ?? null,
      correlation: metadata.correlation ?? null,
      data,
    });
    for (const target of targets) write.put(auditTargets, { org_id: streamId, target, revision });
  },
});

function environmentOf(data: unknown): string | null {
  const named = typeof data === 'object' && data !== null && 'environmentId' in data ? data.environmentId : null;
  return typeof named === 'string' ? named : null;
}
