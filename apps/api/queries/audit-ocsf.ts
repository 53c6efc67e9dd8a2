import type { ShownEntry } from './audit-entries.js';
import type { ExportWriter, Manifest } from './audit-formats.js';
import { activityOf, endpointOf, type OcsfClass, type OcsfVersion, subjectOf } from './audit-ocsf-classes.js';

const categories: { readonly [Class in OcsfClass]: number } = {
  3001: 3,
  3002: 3,
  3004: 3,
  3005: 3,
  3006: 3,
  3007: 3,
  3008: 3,
  6003: 6,
};

/** Open Cybersecurity Schema Framework, an event a line. The last one is the export itself, with its manifest. */
export const ocsfOf = (orgId: string, version: OcsfVersion): ExportWriter => ({
  type: 'application/x-ndjson',
  begin: '',
  entry: (entry) => `${JSON.stringify(eventOf(entry, orgId, version))}\n`,
  end: (manifest) => `${JSON.stringify(exportOf(manifest, version))}\n`,
});

function eventOf(entry: ShownEntry, orgId: string, version: OcsfVersion): object {
  const allowed = entry.outcome === 'allowed';
  const { classUid, activityId } = activityOf(entry, version);
  return {
    ...classified(classUid, activityId),
    time: Date.parse(entry.occurredAt),
    severity_id: 1,
    status_id: allowed ? 1 : 2,
    ...(entry.reason === undefined ? {} : { status_detail: entry.reason }),
    metadata: {
      ...about(version, orgId),
      uid: entry.eventId,
      event_code: entry.event,
      original_time: entry.occurredAt,
      ...(entry.correlation === null ? {} : { correlation_uid: entry.correlation }),
    },
    actor: actorOf(entry, allowed ? 'allowed' : entry.outcome),
    ...originOf(entry),
    ...subjectOf(entry, classUid, orgId),
    unmapped: entry,
  };
}

const originOf = (entry: ShownEntry): object => ({
  ...(entry.address === null ? {} : { src_endpoint: endpointOf(entry) }),
  ...(entry.agent === null ? {} : { http_request: { user_agent: entry.agent } }),
});

function exportOf(manifest: Manifest, version: OcsfVersion): object {
  const { exportId, actor, at, orgId } = manifest;
  return {
    ...classified(6003, 2),
    time: Date.parse(at),
    severity_id: 1,
    status_id: 1,
    metadata: { ...about(version, orgId), uid: exportId, event_code: 'AuditExported', original_time: at },
    actor: { user: { uid: actor } },
    api: { operation: 'ExportAudit' },
    src_endpoint: { uid: actor },
    unmapped: { manifest },
  };
}

const classified = (classUid: OcsfClass, activityId: number) => ({
  category_uid: categories[classUid],
  class_uid: classUid,
  activity_id: activityId,
  type_uid: classUid * 100 + activityId,
});

const about = (version: OcsfVersion, orgId: string) => ({
  version: `${version}.0`,
  product: { name: 'tenantry', vendor_name: 'tenantry' },
  log_name: 'audit',
  tenant_uid: orgId,
});

function actorOf({ actor, credential, role, permission, scheme }: ShownEntry, decision: string) {
  const name = permission ?? role;
  const policy = { ...(name === null ? {} : { name }), ...(scheme === null ? {} : { uid: scheme }) };
  return {
    user: { uid: actor, ...(credential === null ? {} : { credential_uid: credential }) },
    authorizations: [{ decision, ...(Object.keys(policy).length === 0 ? {} : { policy }) }],
  };
}
