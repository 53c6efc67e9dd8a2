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
    occurredAt: `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`,
    keyed: 'true',
    role: 'org.owner',
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
event('org-acme', 'MemberAdded', { userId: 'bob', role: 'org.participant' }, { credential: 'key-1' });
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
