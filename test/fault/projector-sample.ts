import type { Metadata, StoredEvent } from '#libs/application/ports/event-store.js';
import { commitBatch } from '#libs/readstore/batch.js';
import { readCheckpoint } from '#libs/readstore/checkpoints.js';
import type { Database } from '#libs/readstore/database.js';
import { ensureReadSchema } from '#libs/readstore/read-schema.js';
import { run } from '#libs/readstore/sql.js';
import { PlainPersonalData } from './projector-history.js';
import { rowsIn } from './projector-support.js';
import { allProjections } from '#projections/all.js';

const personalData = new PlainPersonalData();

/** One history with every event type. */
export const given: StoredEvent[] = [];
const revisions = new Map<string, bigint>();
function event(stream: string, type: string, data: unknown, extra: Metadata = {}): void {
  const revision = (revisions.get(stream) ?? -1n) + 1n;
  revisions.set(stream, revision);
  const n = given.length + 1;
  const metadata = {
    realm: 'default',
    actor: 'ann',
    command: `Do${type}`,
    commandId: `command-${n}`,
    payloadDigest: `digest-${n}`,
    occurredAt: new Date(Date.parse('2026-01-01T00:00:00.000Z') + n * 1000).toISOString(),
    keyed: 'true',
    role: 'org.owner',
    correlation: `correlation-${n}`,
    ...extra,
  };
  given.push({
    id: `event-${n}`,
    type,
    data,
    metadata,
    stream,
    revision,
    position: { commit: BigInt(n), prepare: BigInt(n) },
  });
}

const grant = (environmentId: string, id: string, window = {}) => ({
  environmentId,
  grantee: { type: 'user', id },
  ...window,
});
const ann = { userId: 'ann', profileIndex: 'p', issuer: 'i', subject: 's', email: 'ann@acme.test', name: 'Ann' };
const scheme = { id: 'enterprise', version: 1 };
event('realm-default', 'RealmCreated', { realmId: 'default', scheme });
event('user-ann', 'ProfileObserved', ann, { part: '1/2', commandId: 'seen' });
event(
  'user-ann',
  'ClaimsObserved',
  { userId: 'ann', groups: ['g'], emailIndex: null, issuedAt: 1 },
  { part: '2/2', commandId: 'seen' },
);
event('org-acme', 'OrgCreated', { orgId: 'acme', name: 'Acme', scheme, owner: { userId: 'ann', role: 'org.owner' } });
event(
  'org-acme',
  'MemberAdded',
  { userId: 'bob', role: 'org.participant' },
  { credential: 'key-1', delegate: 'bot', origin: 'sealed' },
);
event('org-acme', 'MemberAdded', { userId: 'cat', role: 'org.participant' });
event('org-acme', 'MemberRoleChanged', { userId: 'bob', role: 'org.admin', from: 'org.participant' });
event('org-acme', 'EnvironmentCreated', { environmentId: 'prod', name: 'Production' });
event('org-acme', 'EnvironmentCreated', { environmentId: 'test', name: 'Test' });
event('org-acme', 'ModelAdded', { environmentId: 'prod', modelId: 'm1', provider: 'p', name: 'One' });
event('org-acme', 'ModelAdded', { environmentId: 'prod', modelId: 'm2', provider: 'p', name: 'Two' });
event('org-acme', 'ModelAdded', { environmentId: 'test', modelId: 'm1', provider: 'p', name: 'One' });
event('org-acme', 'ModelRemoved', { environmentId: 'prod', modelId: 'm2' });
event('org-acme', 'EnvironmentAccessGranted', grant('prod', 'bob', { notBefore: '0000-01-01T00:00:00.000Z' }));
event('org-acme', 'EnvironmentAccessGranted', grant('prod', 'cat'));
event('org-acme', 'EnvironmentAccessGranted', grant('test', 'cat'));
event('org-acme', 'EnvironmentAccessGranted', grant('test', 'bob'));
event('org-acme', 'EnvironmentAccessRevoked', grant('test', 'bob'));
event('org-acme', 'OrgOwnershipTransferred', {
  from: 'ann',
  to: 'bob',
  role: 'org.owner',
  given: 'org.admin',
  left: 'org.admin',
});
event('org-acme', 'MemberRemoved', { userId: 'cat', role: 'org.participant' }, { keyed: 'false' });
event('org-acme', 'EnvironmentDeleted', { environmentId: 'test' });
event('org-acme', 'CommandHadNoEffect', { command: 'AddMember' }, { correlation: 'c-1' });
event('org-acme', 'MembershipClaimVoided', { claimId: '5d7b9e0e-8f0a-4f6e-9a0b-0d7f6a1c2b3d' });
event('user-ann', 'ProfileObserved', { ...ann, email: 'bad\0mail\ud800', name: null });

const toGroup = (id: string) => ({ environmentId: 'prod', grantee: { type: 'group', id } });
event('org-acme', 'OrgRenamed', { name: 'Acme Corporation' });
event('org-acme', 'EnvironmentRenamed', { environmentId: 'prod', name: 'Production, Europe' });
event('org-acme', 'MemberAdded', { userId: 'dan', role: 'org.participant' });
event('org-acme', 'MemberSuspended', { userId: 'dan' });
event('org-acme', 'MemberSuspended', { userId: 'ann' });
event('org-acme', 'MemberResumed', { userId: 'ann' });
event('org-acme', 'GroupCreated', { groupId: 'ops', name: 'Ops' });
event('org-acme', 'GroupCreated', { groupId: 'old', name: 'Old' });
event('org-acme', 'GroupRenamed', { groupId: 'ops', name: 'Operations' });
for (const [groupId, userId] of [
  ['ops', 'dan'],
  ['ops', 'bob'],
  ['old', 'dan'],
])
  event('org-acme', 'GroupMemberAdded', { groupId, userId });
event('org-acme', 'GroupMemberRemoved', { groupId: 'ops', userId: 'bob' });
event('org-acme', 'EnvironmentAccessGranted', toGroup('ops'));
event('org-acme', 'EnvironmentAccessGranted', toGroup('old'));
event('org-acme', 'EnvironmentAccessRevoked', toGroup('old'), { part: '1/2', commandId: 'delete-old' });
event('org-acme', 'GroupDeleted', { groupId: 'old' }, { part: '2/2', commandId: 'delete-old' });
event('org-acme', 'OrgSuspended', {});
event('org-acme', 'OrgResumed', {});
event('org-acme', 'OrgSuspended', {});
const recorded = { keyed: 'false', credential: 'key-1', role: '' };
const denied = { outcome: 'denied', code: 'forbidden', reason: 'role_lacks_permission', permission: 'member:manage' };
event('activity-acme', 'CommandRefused', { command: 'AddMember', ...denied, targets: ['dan'] }, recorded);
event('activity-acme', 'ReadRefused', { query: 'Members', ...denied }, recorded);
event('activity-acme', 'AuditRead', { filter: { actor: 'bob' } }, recorded);
const exporting = { exportId: 'export-1', format: 'csv', filter: {} };
event('activity-acme', 'AuditExportStarted', exporting, recorded);
const done = { count: 3, sha256: '0'.repeat(64), upTo: { org: '39', activity: '3' } };
event('activity-acme', 'AuditExported', { ...exporting, ...done }, recorded);
const strange = { outcome: 'denied', code: 'not_found', orgId: 'acme', targets: ['dan'] };
event('activity-realm:default', 'CommandRefused', { command: 'RemoveMember', ...strange }, recorded);

// What comes with invitations, in an organization of its own; and one that is deleted.
const owned = (orgId: string) => ({
  orgId,
  name: orgId,
  scheme: { id: 'teams', version: 1 },
  owner: { userId: 'eve', role: 'org.owner' },
});
const environments = [{ environmentId: 'main', role: 'workspace.developer' }];
const invited = (invitationId: string) => ({
  invitationId,
  emailIndex: `index-${invitationId}`,
  email: `${invitationId}@beta.test`,
  role: 'org.viewer',
  environments,
  expiresAt: '2026-02-01T00:00:00.000Z',
});
event('org-beta', 'OrgCreated', owned('beta'));
event('org-beta', 'OrgPlanSet', { plan: 'starter' });
event('org-beta', 'EnvironmentCreated', { environmentId: 'main', name: 'Main', kind: 'workspace' });
for (const id of ['i1', 'i2', 'i3', 'i4']) event('org-beta', 'InvitationCreated', invited(id));
event('org-beta', 'InvitationResent', { invitationId: 'i1', expiresAt: '2026-03-01T00:00:00.000Z' });
event('org-beta', 'InvitationCanceled', { invitationId: 'i2' });
event('org-beta', 'InvitationDeclined', { invitationId: 'i3' });
event('org-beta', 'InvitationAccepted', { invitationId: 'i4', userId: 'fay', role: 'org.viewer', environments });
event('org-beta', 'OrgOwnershipTransferRequested', { to: 'fay', requestedBy: 'eve' });
const server = { serverId: 's1', name: 'S1', url: 'https://mcp.beta.test' };
for (const serverId of ['s1', 's2'])
  event('org-beta', 'EnvironmentMcpServerAdded', { environmentId: 'main', ...server, serverId });
event('org-beta', 'EnvironmentMcpServerRemoved', { environmentId: 'main', serverId: 's2' });
for (const connectionId of ['c1', 'c2'])
  event('org-beta', 'OAuthConnected', { environmentId: 'main', connectionId, provider: 'google', name: 'Drive' });
event('org-beta', 'OAuthDisconnected', { environmentId: 'main', connectionId: 'c2' });
for (const workflowId of ['w1', 'w2'])
  event('org-beta', 'WorkflowRegistered', { workflowId, environmentId: 'main', name: workflowId, ownerId: 'fay' });
event('org-beta', 'WorkflowMoved', { workflowId: 'w1', from: 'main', environmentId: 'other' });
event('org-beta', 'WorkflowRemoved', { workflowId: 'w2' });
const newKey = { fingerprint: 'f'.repeat(43), lastFour: 'last' };
for (const keyId of ['k1', 'k2']) event('org-beta', 'ApiKeyCreated', { userId: 'fay', keyId, ...newKey });
event('org-beta', 'ApiKeyRevoked', { userId: 'fay', keyId: 'k1' });
for (const keyId of ['exports', 'former'])
  event('org-beta', 'OrgApiKeyCreated', { keyId, name: keyId, role: 'org.checker', ...newKey });
event('org-beta', 'OrgApiKeyRevoked', { keyId: 'former' });
for (const accountId of ['ci', 'old'])
  event('org-beta', 'ServiceAccountCreated', { accountId, name: accountId, role: 'org.checker' });
event('org-beta', 'ServiceAccountRenamed', { accountId: 'ci', name: 'Builds' });
event('org-beta', 'ServiceAccountRoleChanged', { accountId: 'ci', role: 'org.admin', from: 'org.checker' });
for (const keyId of ['k1', 'k2']) event('org-beta', 'ServiceAccountKeyIssued', { accountId: 'ci', keyId, ...newKey });
const overlap = { from: 'k1', fromUntil: '2027-01-01T00:00:00.000Z' };
event('org-beta', 'ServiceAccountKeyRotated', { accountId: 'ci', keyId: 'k3', ...newKey, ...overlap });
event('org-beta', 'ServiceAccountKeyRevoked', { accountId: 'ci', keyId: 'k2' });
event('org-beta', 'ServiceAccountDeleted', { accountId: 'old' });
event('org-beta', 'DocumentSet', { kind: 'routing', version: 1, document: '{"share":0.5}' });
event('org-beta', 'McpServerAdded', server);
event('org-beta', 'McpServerAdded', { ...server, serverId: 's2' });
event('org-beta', 'McpServerRemoved', { serverId: 's2' });
event('org-beta', 'BudgetSet', { amount: 5, currency: 'EUR', period: 'day' });
event('org-beta', 'BudgetSet', { amount: 7, currency: 'EUR', period: 'day', environmentId: 'main' });
event('org-beta', 'BudgetRemoved', {});
const assigned = { assignedBy: 'eve', notAfter: '2026-07-01T00:00:00.000Z' };
for (const role of ['org.auditor', 'org.privacy-officer'])
  event('org-beta', 'RoleAssigned', { userId: 'fay', role, ...assigned });
event('org-beta', 'RoleAssignmentConfirmed', { userId: 'fay', role: 'org.auditor', confirmedBy: 'gil' });
event('org-beta', 'RoleAssignmentRevoked', { userId: 'fay', role: 'org.privacy-officer' });
event('org-beta', 'LegalHoldPlaced', { holdId: 'h1', userId: 'fay', matter: 'Case 1', placedBy: 'eve' });
event('org-beta', 'LegalHoldPlaced', { holdId: 'h2', matter: 'Case 2', placedBy: 'eve' });
event('org-beta', 'LegalHoldReleased', { holdId: 'h1' });
event('org-beta', 'MemberErasureRequested', { userId: 'fay' });
event('org-beta', 'InvitedAddressErased', { emailIndex: 'index-i1', invitationIds: ['i1'], canceledIds: [] });
event('realm-default', 'PlatformRoleAssigned', { userId: 'eve', role: 'platform.privacy-officer', assignedBy: 'ann' });
event('realm-default', 'PlatformRoleConfirmed', {
  userId: 'eve',
  role: 'platform.privacy-officer',
  confirmedBy: 'bob',
});
event('realm-default', 'PlatformRoleAssigned', { userId: 'gil', role: 'platform.auditor', assignedBy: 'ann' });
event('realm-default', 'PlatformRoleRevoked', { userId: 'gil', role: 'platform.auditor' });
event('realm-default', 'TeamMemberSet', { team: 'alpha', userId: 'eve', role: 'admin' });
event('realm-default', 'TeamMemberSet', { team: 'alpha', userId: 'gil', role: 'owner' });
event('realm-default', 'TeamMemberRemoved', { team: 'alpha', userId: 'gil' });
event('realm-default', 'RealmCommandHadNoEffect', { command: 'RemovePlatformAdmin' });
event('realm-default', 'PersonErasureRequested', { userId: 'hal' });
event('realm-default', 'PersonErasureRequested', { userId: 'ivy' });
const hal = { ...ann, userId: 'hal', email: 'hal@acme.test', name: 'Hal' };
event('user-hal', 'ProfileObserved', hal);
event('user-hal', 'PersonErased', { userId: 'hal', requestId: 'r1', keyIds: ['k1'] });
for (const keyId of ['k1', 'k2'])
  event('user-hal', 'PersonalApiKeyCreated', { userId: 'hal', keyId, realm: 'default', ...newKey });
event('user-hal', 'PersonalApiKeyRevoked', { userId: 'hal', keyId: 'k1' });
event('user-ivy', 'PersonErased', { userId: 'ivy', requestId: 'r2', keyIds: ['k2', 'k3'] });
event('user-ivy', 'PersonErasureVerified', { userId: 'ivy', requestId: 'r2' });
event('org-gamma', 'OrgCreated', owned('gamma'));
event('org-gamma', 'EnvironmentCreated', { environmentId: 'main', name: 'Main', kind: 'workspace' });
event('org-gamma', 'ModelAdded', { environmentId: 'main', modelId: 'm1', provider: 'p', name: 'One' });
event('org-gamma', 'MemberAdded', { userId: 'gil', role: 'org.viewer' });
event('org-gamma', 'EnvironmentAccessGranted', grant('main', 'gil'));
event('org-gamma', 'GroupCreated', { groupId: 'ops', name: 'Ops' });
event('org-gamma', 'GroupMemberAdded', { groupId: 'ops', userId: 'gil' });
event('org-gamma', 'InvitationCreated', invited('i5'));
event('org-gamma', 'WorkflowRegistered', { workflowId: 'w', environmentId: 'main', name: 'W', ownerId: 'gil' });
event('org-gamma', 'OrgDeleted', {});
for (const url of ['https://witness.beta.test', 'https://other.beta.test'])
  event('org-beta', 'CheckpointWitnessSet', { url });
event('org-beta', 'CheckpointWitnessRemoved', {});
event('org-beta', 'CheckpointWitnessSet', { url: 'https://witness.beta.test' });
for (const workflowId of ['w3', 'w4'])
  event('org-beta', 'PersonalWorkflowRegistered', { workflowId, name: workflowId, ownerId: 'fay' });
event('org-beta', 'WorkflowPromoted', { workflowId: 'w4', environmentId: 'main' });
event('org-beta', 'WorkflowRegistered', { workflowId: 'w5', environmentId: 'main', name: 'w5', ownerId: 'fay' });
event('org-beta', 'WorkflowMadePersonal', { workflowId: 'w5', from: 'main' });
const moments = { at: '3@2026-01-01T00:00:00.000Z', since: '-1@1970-01-01T00:00:00.000Z' };
event('activity-beta', 'AccessReviewRead', moments, recorded);
const shown = { subject: 'fay', action: 'org:view', resource: 'beta', at: '2026-01-01T00:00:00.000Z', decision: true };
event('activity-beta', 'EvidenceCreated', { ...shown, size: '3', sha256: '0'.repeat(64) }, recorded);
event('user-ivy', 'UserCommandHadNoEffect', { command: 'RevokeApiKey' });
event('realm-default', 'RoleSchemeDefined', { scheme: { id: 'library', version: 1 }, document: '{"id":"library"}' });
event('org-beta', 'OrgSchemeChanged', { scheme: { id: 'library', version: 1 }, from: { id: 'teams', version: 1 } });
event('realm-default', 'RoleSchemeAdopted', { scheme: { id: 'library', version: 1 } });
event('realm-default', 'PricingSet', { version: 1, document: '{"a":1}' });
event('realm-default', 'LoginMethodsSet', { methods: ['google', 'password'] });
event('realm-default', 'SignUpRulesSet', { rule: 'domains', domains: ['acme.test'] });
const issuer = 'https://login.acme.test';
event('realm-other', 'RealmCreated', { realmId: 'other', scheme });
event('realm-other', 'RealmRegistered', { realmId: 'lab', scheme, adminGroup: null, adminEmailIndexes: ['x'] });
event('realm-other', 'IssuerClaimed', { issuer, realmId: 'other' });
event('realm-other', 'RealmIssuersSet', { issuers: [{ issuer, audiences: ['tenantry'] }] });

event('org-beta', 'BillingDetailsSet', { company: 'Beta GmbH', country: 'DE' });
event('org-beta', 'PaymentMethodSaved', { provider: 'stripe', reference: 'pm_1', brand: 'Visa', last4: '4242' });
event('org-beta', 'CreditsBought', { purchaseId: 'p1', credits: 5 });
event('org-beta', 'AutoRechargeSet', { below: 1, credits: 5 });
event('org-beta', 'AutoRechargeRemoved', {});
const billed = { number: 'R 1', issuedOn: '2026-01-31', amount: 500, currency: 'EUR' };
event('org-beta', 'InvoiceRecorded', { invoiceId: 'in-1', ...billed, status: 'open' });
event('org-beta', 'InvoiceRecorded', { invoiceId: 'in-1', ...billed, status: 'paid' });
event('org-beta', 'InvoiceRecorded', { invoiceId: 'in-2', ...billed, status: 'open', url: 'https://pay.test/in-2' });

const usedBy = { userId: 'fay', environmentId: 'main', provider: 'openai', model: 'gpt-4o' };
const spent = { requests: 2, inputTokens: 10, outputTokens: 5, cost: { thousandths: 1500, currency: 'EUR' } };
event('usage-beta', 'UsageRecorded', {
  lines: [
    { ...usedBy, day: '2026-01-30', ...spent, credits: 3 },
    { ...usedBy, day: '2026-01-31', ...spent, byok: true },
    { day: '2026-01-31', runs: 4 },
  ],
});
event('usage-beta', 'UsageRecorded', { lines: [{ ...usedBy, day: '2026-01-30', ...spent }], admitted: true });
event('usage-beta', 'RequestBlocked', {
  ...usedBy,
  reason: 'guardrail',
  rule: 'cards',
  at: '2026-01-31T00:00:00.000Z',
});
event('org-beta', 'BudgetSet', { amount: 9, currency: 'EUR', period: 'month', userId: 'fay' });
event('activity-beta', 'SignedIn', {}, recorded);
for (const id of ['p1', 'p2'])
  event('org-beta', 'ContentAssigned', { environmentId: 'main', content: { kind: 'product', id } });
event('org-beta', 'ContentUnassigned', { environmentId: 'main', content: { kind: 'product', id: 'p2' } });
for (const modelId of ['m1', 'm2'])
  event('realm-default', 'PlatformModelAdded', { modelId, provider: 'openai', name: 'GPT' });
event('realm-default', 'PlatformModelRemoved', { modelId: 'm2' });
event('org-beta', 'SubscriptionCanceled', { plan: 'starter', endsOn: '2026-12-31' });
event('org-beta', 'WorkerSshKeySet', { publicKey: 'ssh-ed25519 AAAA' });
event('org-beta', 'OrgDescribed', { description: 'Makers of nothing' });
event('org-beta', 'OrgDescribed', { description: null });
event('org-beta', 'OrgDescribed', { description: 'Makers of everything' });
const ownKey = { userId: 'fay', keyId: 'laptop', at: '2026-01-01T00:00:00.000Z' };
event('activity-beta', 'PersonalKeyCreated', { ...ownKey, notAfter: '2031-01-01T00:00:00.000Z' }, recorded);
event('activity-beta', 'PersonalKeyRevoked', ownKey, recorded);

/** The rows of the sample history, projected anew in batches of these sizes in turn. */
export async function inBatchesOf(db: Database, sizes: readonly number[]): Promise<Record<string, unknown[]>> {
  await run(db, 'drop schema if exists read_v1 cascade');
  await ensureReadSchema(db, allProjections);
  let checkpoint = await readCheckpoint(db);
  let rest: readonly StoredEvent[] = given;
  for (let turn = 0; rest.length > 0; turn++) {
    const batch = rest.slice(0, sizes[turn % sizes.length]);
    rest = rest.slice(batch.length);
    const next = await commitBatch(
      { db, schema: 'read_v1', projections: allProjections, personalData },
      checkpoint,
      batch,
    );
    if (next === undefined) throw new Error('the checkpoint moved');
    checkpoint = next;
  }
  return rowsIn(db);
}
