import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { Rows } from './rows.js';

/** The entry of an event of an organization or a realm. */
export function audit(rows: Rows, event: StoredEvent): void {
  const { stream, type, data } = event;
  const org_id = stream.startsWith('org-') ? stream.slice('org-'.length) : stream.replace('-', ':');
  const { environmentId = null } = data as { environmentId?: string };
  const targets = targetsOf(data as Record<string, unknown>, type);
  entry(rows, event, { org_id, targets, environment_id: environmentId, data });
}

/** One of usage says who and where, and nothing of how much. */
export function auditUsage(rows: Rows, event: StoredEvent): void {
  const data = event.data as Record<string, unknown>;
  const named = (data.lines ?? [data]) as { userId?: string; environmentId?: string }[];
  const targets = [...new Set(named.flatMap((each) => [each.userId, each.environmentId]))].filter((id) => !!id);
  const environments = [...new Set(named.map(({ environmentId }) => environmentId))].filter((id) => !!id);
  const environment_id = environments.length === 1 ? (environments[0] ?? null) : null;
  entry(rows, event, { org_id: event.stream.slice('usage-'.length), targets, environment_id, data: {} });
}

interface EntryTold {
  readonly org_id: string;
  readonly targets: readonly unknown[];
  readonly environment_id: string | null;
  readonly data: unknown;
}

function entry(rows: Rows, { stream, id, type, revision, position, metadata }: StoredEvent, told: EntryTold): void {
  const place = { stream, commit: `${position.commit}`, prepare: `${position.prepare}` };
  rows.add('audit_entries', {
    ...place,
    ...told,
    revision: `${revision}`,
    event_id: id,
    occurred_at: metadata.occurredAt,
    realm: metadata.realm,
    actor: metadata.actor,
    credential: metadata.credential ?? null,
    delegate: metadata.delegate ?? null,
    origin: metadata.origin ?? null,
    command: metadata.command,
    command_id: metadata.commandId,
    event_type: type,
    outcome: 'allowed',
    role: metadata.role ?? null,
    evidence: metadata.evidence === undefined || metadata.evidence === '' ? [] : metadata.evidence.split(' '),
    break_glass: metadata.breakGlass === 'true',
    scheme: metadata.scheme ?? null,
    correlation: metadata.correlation ?? null,
    causation: metadata.causation ?? null,
    trace: metadata.traceparent ?? null,
  });
  for (const target of told.targets) rows.add('audit_targets', { ...place, target, org_id: told.org_id });
}

/** Who and what an event names, in the order of its sentence. */
function targetsOf(data: Record<string, unknown>, type: string): string[] {
  if (type === 'OrgCreated') return [(data.owner as { userId: string }).userId];
  if (type === 'OrgOwnershipTransferred') return [String(data.from), String(data.to)];
  if (type === 'OrgOwnershipTransferRequested') return [String(data.to)];
  const grantee = data.grantee as { id: string } | undefined;
  const left = type === 'WorkflowMoved' || type === 'WorkflowMadePersonal' ? data.from : undefined;
  const named = [data.workflowId, data.groupId, data.userId, left, data.environmentId, grantee?.id];
  named.push(data.modelId, data.serverId, data.connectionId);
  named.push(data.purchaseId, data.invoiceId, type === 'DocumentSet' ? data.kind : undefined);
  if (type.startsWith('ProviderKey')) named.push(data.keyId, data.provider);
  return [...new Set(named.filter((name) => typeof name === 'string'))];
}
