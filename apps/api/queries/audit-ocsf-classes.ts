import { principalOf } from '#libs/domain/access/machines.js';
import type { ShownEntry } from './audit-entries.js';

/**
 * 3001 Account Change, 3002 Authentication, 3004 Entity Management, 3005 User Access Management, 3006 Group Management, 3007 User Management,
 * 3008 Role Management, 6003 API Activity.
 */
export type OcsfClass = 3001 | 3002 | 3004 | 3005 | 3006 | 3007 | 3008 | 6003;

/** Releases before 1.9 have other classes for what is done to people. */
export type OcsfVersion = '1.8' | '1.9';

interface Activity {
  readonly classUid: OcsfClass;
  readonly activityId: number;
}

const is = (classUid: OcsfClass, activityId: number): Activity => ({ classUid, activityId });

const roleAssigned = { ...is(3007, 16), before: is(3005, 3) };
const keyAdded = { ...is(3007, 18), before: is(3004, 1) };
const keyRemoved = { ...is(3007, 19), before: is(3004, 4) };

/** Activities of OCSF 1.9, and the deprecated ones of releases before it where they differ. */
const activities: Readonly<Record<string, Activity & { readonly before?: Activity }>> = {
  MemberAdded: { ...is(3007, 1), before: is(3001, 1) },
  MemberRemoved: { ...is(3007, 3), before: is(3001, 6) },
  MemberSuspended: { ...is(3007, 5), before: is(3001, 5) },
  MemberResumed: { ...is(3007, 4), before: is(3001, 2) },
  MemberRoleChanged: roleAssigned,
  RoleAssigned: roleAssigned,
  RoleAssignmentConfirmed: roleAssigned,
  RoleAssignmentRevoked: { ...is(3007, 17), before: is(3005, 4) },
  ServiceAccountRoleChanged: roleAssigned,
  EnvironmentAccessGranted: { ...is(3007, 14), before: is(3005, 1) },
  EnvironmentAccessRevoked: { ...is(3007, 15), before: is(3005, 2) },
  GroupCreated: is(3006, 6),
  GroupRenamed: is(3006, 9),
  GroupDeleted: is(3006, 5),
  GroupMemberAdded: is(3006, 3),
  GroupMemberRemoved: is(3006, 4),
  OrgSuspended: is(3004, 12),
  OrgResumed: is(3004, 13),
  SignedIn: is(3002, 1),
  ApiKeyCreated: keyAdded,
  ApiKeyRevoked: keyRemoved,
  PersonalKeyCreated: keyAdded,
  PersonalKeyRevoked: keyRemoved,
  ServiceAccountKeyIssued: keyAdded,
  ServiceAccountKeyRotated: keyAdded,
  ServiceAccountKeyRevoked: keyRemoved,
  // Which roles there are, and what each may do.
  OrgSchemeChanged: { ...is(3008, 2), before: is(3004, 3) },
  UsageRecorded: is(6003, 1),
  RequestBlocked: is(6003, 1),
  AuditRead: is(6003, 2),
  AuditExportStarted: is(6003, 2),
  AuditExported: is(6003, 2),
  AccessReviewRead: is(6003, 2),
  EvidenceCreated: is(6003, 2),
};
const groupGrants: Readonly<Record<string, Activity>> = {
  EnvironmentAccessGranted: is(3006, 1),
  EnvironmentAccessRevoked: is(3006, 2),
};

/** What is not listed is the management of some entity, by what its name ends with; what was refused is a call of the API. */
export function activityOf({ event, outcome, data }: ShownEntry, version: OcsfVersion): Activity {
  if (outcome !== 'allowed') return is(6003, event === 'ReadRefused' ? 2 : 99);
  const ofGroup =
    granteeOf(data)?.type === 'group' && Object.hasOwn(groupGrants, event) ? groupGrants[event] : undefined;
  const listed = Object.hasOwn(activities, event) ? activities[event] : undefined;
  const found = ofGroup ?? (version === '1.9' ? listed : (listed?.before ?? listed));
  if (found !== undefined) return { classUid: found.classUid, activityId: found.activityId };
  if (/(?:Created|Added|Registered|Issued)$/.test(event)) return is(3004, 1);
  return is(3004, /(?:Deleted|Removed|Revoked)$/.test(event) ? 4 : 3);
}

const member = (data: unknown, name: string): unknown =>
  typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
const textIn = (data: unknown, name: string): string | undefined => {
  const value = member(data, name);
  return typeof value === 'string' ? value : undefined;
};

function granteeOf(data: unknown): { readonly type: string; readonly id: string } | undefined {
  const grantee = member(data, 'grantee');
  const [type, id] = [textIn(grantee, 'type'), textIn(grantee, 'id')];
  return type === undefined || id === undefined ? undefined : { type, id };
}

/** `enterprise@2`: the roles there are, all of them. */
function schemeIn(data: unknown): string {
  const scheme = member(data, 'scheme');
  return `${textIn(scheme, 'id') ?? ''}@${String(member(scheme, 'version'))}`;
}

export const endpointOf = ({ address }: ShownEntry): object => (address === null ? {} : { ip: address });

/** The attributes that the class requires, and those that it recommends and the entry tells. */
export function subjectOf(entry: ShownEntry, classUid: OcsfClass, orgId: string): object {
  const { data, environment, targets, actor, credential, action, event } = entry;
  const grantee = granteeOf(data);
  const accountId = textIn(data, 'accountId');
  const machine = accountId && principalOf({ kind: 'service', orgId, id: accountId });
  const user = grantee?.type === 'user' ? grantee.id : (machine ?? textIn(data, 'userId') ?? targets[0] ?? actor);
  const role = textIn(data, 'role');
  const resources =
    environment === null ? {} : { resources: [{ uid: `${orgId}/${environment}`, type: 'environment' }] };
  switch (classUid) {
    case 6003:
      // Required here, also where no address is known any more: the caller is told apart by its credential.
      return { api: { operation: action }, src_endpoint: { uid: credential ?? actor, ...endpointOf(entry) } };
    case 3004:
      if (environment !== null) return { entity: { uid: environment, type: 'environment' } };
      if (event.startsWith('Org')) return { entity: { uid: orgId, type: 'organization' } };
      return { entity: { uid: targets.at(-1) ?? orgId } };
    case 3006: {
      const groupId = grantee?.type === 'group' ? grantee.id : (textIn(data, 'groupId') ?? targets[0] ?? '');
      const person = textIn(data, 'userId');
      return { group: { uid: groupId }, ...(person === undefined ? {} : { user: { uid: person } }), ...resources };
    }
    case 3002:
      return { user: { uid: actor } };
    case 3001:
      return { user: { uid: user } };
    case 3005:
      return { user: { uid: user }, ...(role === undefined ? {} : { iam_role: { name: role } }), ...resources };
    case 3008:
      return { iam_role: { uid: schemeIn(data), name: schemeIn(data) } };
    case 3007:
      return { user: { uid: user }, ...(role === undefined ? {} : { iam_roles: [{ name: role }] }), ...resources };
  }
}
