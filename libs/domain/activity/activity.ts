import { z } from 'zod';
import type { EventOf, Evolutions } from '../event.js';
import { anyPrincipalId, instant, principalId, slug } from '../text.js';

/** By the filter's name; null where a value matched nothing: what somebody typed may be a person's name or address. */
const filter = z.record(z.string().max(40), z.string().max(200).nullable());
const exporting = { exportId: z.uuid(), format: z.string().max(40), filter };
/** `at`: when it was done, which is before it is recorded here. */
const personalKey = { userId: principalId, keyId: slug, at: instant };
/** A moment of an organization: its revision and the instant, as in `17@2026-03-01T12:00:00.000Z`. */
const moment = z.string().regex(/^(-1|\d{1,18})@[\dTZ:.+-]{20,30}$/);
const lastRevision = z.string().regex(/^(-1|\d+)$/);
const refusal = {
  outcome: z.enum(['denied', 'refused']),
  /** The code of the answer. */
  code: z.string().max(100),
  reason: z.string().max(100).optional(),
  permission: z.string().max(100).optional(),
  /** Where it was tried, in the activity of a realm: it may not exist. */
  orgId: slug.optional(),
};

// Stored format: add event types and optional fields, never change them.
export const activityEvents = {
  /** A command that was understood and not allowed, or not possible. Never what it would have written. */
  CommandRefused: z.strictObject({
    command: z.string().max(100),
    ...refusal,
    /** Ids that the command named. */
    targets: z.array(principalId).max(100),
  }),
  ReadRefused: z.strictObject({ query: z.string().max(100), ...refusal }),
  /** The audit log was read; further pages and repeats within a window leave no event of their own. */
  AuditRead: z.strictObject({ filter }),
  /** The export holds nothing that stands after this event. */
  AuditExportStarted: z.strictObject(exporting),
  /** Everything that is known of a person was read, as GDPR 15 and 20 give the person a right to. */
  SubjectExported: z.strictObject({ userId: principalId }),
  /** The export's manifest. */
  AuditExported: z.strictObject({
    ...exporting,
    count: z.int().min(0),
    /** Of what was sent up to the manifest, in hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** Last revisions of the organization, its activity and its usage that the export covers; -1 for none. */
    upTo: z.strictObject({ org: lastRevision, activity: lastRevision, usage: lastRevision.optional() }),
  }),
  /** One of the organization's people came with a credential that was not seen there before (V23). */
  SignedIn: z.strictObject({}),
  /** One of the organization's people has a key of their own to all of their organizations, or has it no longer (V23). */
  PersonalKeyCreated: z.strictObject({ ...personalKey, notAfter: instant.optional() }),
  PersonalKeyRevoked: z.strictObject(personalKey),
  /** A review of who held what at a moment, and of what changed since another one, was given away. */
  AccessReviewRead: z.strictObject({ at: moment, since: moment }),
  /** An archive that shows who could do what left the deployment: the question, its answer and the archive's digest. */
  EvidenceCreated: z.strictObject({
    subject: anyPrincipalId,
    action: z.string().max(100),
    resource: z.string().max(200),
    at: z.string().max(40),
    decision: z.boolean(),
    /** How many events of the organization it holds. */
    size: z.string().regex(/^\d{1,18}$/),
    /** In hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
};
export type ActivityEvent = EventOf<typeof activityEvents>;

/** Nothing is decided from what was refused or read, so nothing is folded. */
export type ActivityState = Readonly<Record<string, never>>;
export const noActivity: ActivityState = {};

const recorded = { touches: () => [], evolve: (state: ActivityState) => state };

export const activityEvolutions: Evolutions<ActivityState, ActivityEvent> = {
  CommandRefused: recorded,
  ReadRefused: recorded,
  AuditRead: recorded,
  AuditExportStarted: recorded,
  SubjectExported: recorded,
  AuditExported: recorded,
  SignedIn: recorded,
  PersonalKeyCreated: recorded,
  PersonalKeyRevoked: recorded,
  AccessReviewRead: recorded,
  EvidenceCreated: recorded,
};

/** Ids that an event is about, as the audit log is searched by. */
export function activityTargets({ type, data }: ActivityEvent): string[] {
  switch (type) {
    case 'CommandRefused':
      return [...new Set([...(data.orgId === undefined ? [] : [data.orgId]), ...data.targets])];
    case 'ReadRefused':
      return data.orgId === undefined ? [] : [data.orgId];
    case 'AuditRead':
    case 'SignedIn':
    case 'AccessReviewRead':
      return [];
    case 'SubjectExported':
      return [data.userId];
    case 'PersonalKeyCreated':
    case 'PersonalKeyRevoked':
      return [data.keyId, data.userId];
    case 'EvidenceCreated':
      return [data.subject];
    case 'AuditExportStarted':
    case 'AuditExported':
      return [data.exportId];
  }
}

/** The activity of a realm stands beside those of organizations: no organization has an id with a colon. */
export const realmActivity = (realmId: string): string => `realm:${realmId}`;
