import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Metadata, StoredEvent } from '#libs/application/ports/event-store.js';
import { commitBatch } from '#libs/readstore/batch.js';
import { readCheckpoint } from '#libs/readstore/checkpoints.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { ensureReadSchema, run } from '#libs/readstore/read-schema.js';
import { PlainPersonalData } from '../test/fault/projector-history.js';
import { rowsIn } from '../test/fault/projector-support.js';
import { type FreshDatabase, freshDatabase } from '../test/support/postgres.js';
import { PostgresAccessDocuments } from './access-documents/queries.js';
import { allProjections } from './all.js';
import { PostgresCommandIndex } from './command-index/command-index.js';
import { environment, environmentsOf } from './environments/queries.js';
import { grantsOn, grantsTo } from './environment-access/queries.js';
import { membershipsOfUser, membersOf } from './members/queries.js';
import { organization, organizationsNamed, organizationsOfRealm } from './organizations/queries.js';
import { erasePerson, peopleNamed } from './people/queries.js';

let database: FreshDatabase;
let db: Database;
const personalData = new PlainPersonalData();
beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
afterEach(() => run(db, 'drop schema if exists read_v1 cascade'));

const given: StoredEvent[] = [];
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
  given.push({ id: `event-${n}`, type, data, metadata, stream, revision, position: { commit: BigInt(n), prepare: BigInt(n) } });
}

const grant = (environmentId: string, id: string, window = {}) => ({ environmentId, grantee: { type: 'user', id }, ...window });
const ann = { userId: 'ann', profileIndex: 'p', issuer: 'i', subject: 's', email: 'ann@acme.test', name: 'Ann' };
const scheme = { id: 'enterprise', version: 1 };
event('realm-default', 'RealmCreated', { realmId: 'default', scheme });
event('user-ann', 'ProfileObserved', ann, { part: '1/2', commandId: 'seen' });
event('user-ann', 'ClaimsObserved', { userId: 'ann', groups: ['g'], emailIndex: null, issuedAt: 1 }, { part: '2/2', commandId: 'seen' });
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
event('org-acme', 'OrgOwnershipTransferred', { from: 'ann', to: 'bob', role: 'org.owner', given: 'org.admin', left: 'org.admin' });
event('org-acme', 'MemberRemoved', { userId: 'cat', role: 'org.participant' }, { keyed: 'false' });
event('org-acme', 'EnvironmentDeleted', { environmentId: 'test' });
event('org-acme', 'CommandHadNoEffect', { command: 'AddMember' }, { correlation: 'c-1' });
event('org-acme', 'MembershipClaimVoided', { claimId: '5d7b9e0e-8f0a-4f6e-9a0b-0d7f6a1c2b3d' });
event('user-ann', 'ProfileObserved', { ...ann, email: 'bad\0mail\ud800', name: null });

async function inBatchesOf(sizes: readonly number[]): Promise<Record<string, unknown[]>> {
  await run(db, 'drop schema if exists read_v1 cascade');
  await ensureReadSchema(db, allProjections);
  let checkpoint = await readCheckpoint(db);
  let rest: readonly StoredEvent[] = given;
  for (let turn = 0; rest.length > 0; turn++) {
    const batch = rest.slice(0, sizes[turn % sizes.length]);
    rest = rest.slice(batch.length);
    const next = await commitBatch({ db, schema: 'read_v1', projections: allProjections, personalData }, checkpoint, batch);
    if (next === undefined) throw new Error('the checkpoint moved');
    checkpoint = next;
  }
  return rowsIn(db);
}

const at = (n: number) => given[n - 1]?.metadata.occurredAt;

it('turns every event type into these rows', async () => {
  const rows = await inBatchesOf([given.length]);
  expect(rows.organizations).toEqual([
    { org_id: 'acme', realm: 'default', name: 'Acme', owner_id: 'bob', scheme_id: 'enterprise', scheme_version: 1, created_at: at(4), revision: '15' },
  ]);
  expect(rows.members).toEqual([
    { org_id: 'acme', user_id: 'ann', role: 'org.admin', since: at(4), revision: '15' },
    { org_id: 'acme', user_id: 'bob', role: 'org.owner', since: at(5), revision: '15' },
  ]);
  expect(rows.environments).toEqual([
    { org_id: 'acme', environment_id: 'prod', name: 'Production', created_at: at(8), created_by: 'ann' },
  ]);
  expect(rows.environment_models).toEqual([
    { org_id: 'acme', environment_id: 'prod', model_id: 'm1', provider: 'p', name: 'One' },
  ]);
  expect(rows.environment_access).toEqual([
    {
      org_id: 'acme', environment_id: 'prod', grantee_type: 'user', grantee_id: 'bob',
      not_before: '0000-01-01T00:00:00.000Z', not_after: null, granted_by: 'ann', granted_at: at(14), event_id: 'event-14',
    },
  ]);
  expect(rows.people).toEqual([
    { user_id: 'ann', realm: 'default', email: 'bad\ufffdmail\ufffd', name: null, first_seen_at: at(2), last_changed_at: at(24) },
  ]);
  expect(rows.audit_entries).toHaveLength(20);
  expect(rows.audit_entries?.[15]).toEqual({
    org_id: 'acme', revision: '15', event_id: 'event-19', commit: '19', prepare: '19', occurred_at: at(19), realm: 'default',
    actor: 'ann', credential: null, command: 'DoOrgOwnershipTransferred', command_id: 'command-19',
    event_type: 'OrgOwnershipTransferred', targets: ['ann', 'bob'], environment_id: null, outcome: 'allowed', role: 'org.owner',
    correlation: null, data: given[18]?.data,
  });
  expect(rows.command_index).toHaveLength(22);
  expect(rows.access_streams).toEqual([
    { stream: 'org-acme', revision: '19' },
    { stream: 'realm-default', revision: '0' },
    { stream: 'user-ann', revision: '2' },
  ]);
  expect(rows.access_documents).toMatchSnapshot();
});

it('gives the same rows for every split into batches, and when run again', async () => {
  const expected = await inBatchesOf([given.length]);
  for (const sizes of [[given.length], [1], [2], [3], [5, 1], [1, 7, 2], [11]]) expect(await inBatchesOf(sizes)).toEqual(expected);
});

it('answers the questions about organizations, members, environments and grants', async () => {
  await inBatchesOf([16]);
  expect(await organization(db, 'acme')).toMatchObject({ name: 'Acme', revision: '15' });
  expect(await organization(db, 'other')).toBeUndefined();
  expect(await organizationsNamed(db, ['acme', 'other'])).toHaveLength(1);
  expect(await organizationsOfRealm(db, 'default', { limit: 5 })).toHaveLength(1);
  expect(await organizationsOfRealm(db, 'default', { limit: 5, after: 'acme' })).toEqual([]);
  expect(await organizationsOfRealm(db, 'another', { limit: 5 })).toEqual([]);
  const [first] = await membersOf(db, 'acme', { limit: 1 });
  expect(first?.user_id).toBe('ann');
  expect((await membersOf(db, 'acme', { limit: 5, after: first?.user_id })).map(({ user_id }) => user_id)).toEqual(['bob']);
  expect(await membersOf(db, 'other', { limit: 5 })).toEqual([]);
  expect(await membershipsOfUser(db, 'bob', { limit: 5 })).toMatchObject([{ org_id: 'acme', role: 'org.owner' }]);
  expect(await environment(db, 'acme', 'prod')).toMatchObject({
    name: 'Production',
    models: [{ model_id: 'm1', provider: 'p', name: 'One' }],
  });
  expect(await environment(db, 'other', 'prod')).toBeUndefined();
  expect(await environmentsOf(db, 'acme', { limit: 5 })).toHaveLength(1);
  expect(await environmentsOf(db, 'acme', { limit: 5, after: 'prod' })).toEqual([]);
  expect(await grantsOn(db, 'acme', 'prod', { limit: 5 })).toMatchObject([{ grantee_id: 'bob' }]);
  expect(await grantsOn(db, 'acme', 'prod', { limit: 5, after: { type: 'user', id: 'bob' } })).toEqual([]);
  expect(await grantsTo(db, 'acme', { type: 'user', id: 'bob' }, { limit: 5 })).toMatchObject([{ environment_id: 'prod' }]);
  expect(await peopleNamed(db, ['ann', 'bob'])).toMatchObject([{ user_id: 'ann' }]);
  await erasePerson(db, 'ann');
  expect(await peopleNamed(db, ['ann'])).toEqual([]);
});

it('finds a command with how far the rows reach', async () => {
  await ensureReadSchema(db, allProjections);
  const index = new PostgresCommandIndex(db);
  expect(await index.find('seen')).toEqual({ command: undefined, upTo: undefined });
  await inBatchesOf([given.length]);
  const upTo = given.at(-1)?.position;
  expect(await index.find('seen')).toEqual({
    command: { stream: 'user-ann', firstRevision: 0n, lastRevision: 1n, payloadDigest: 'digest-3' },
    upTo,
  });
  expect(await index.find('command-20')).toEqual({ command: undefined, upTo });
});

it('loads documents in the order asked, with revisions and position', async () => {
  await inBatchesOf([4]);
  const loaded = await new PostgresAccessDocuments(db).load([
    { stream: 'org-acme', kind: 'member', id: 'nobody' },
    { stream: 'org-acme', kind: 'member', id: 'bob' },
    { stream: 'org-none', kind: 'org', id: '' },
    { stream: 'org-acme', kind: 'org', id: '' },
  ]);
  expect(loaded.documents).toEqual([
    undefined,
    expect.objectContaining({ id: 'bob', role: 'org.owner' }),
    undefined,
    expect.objectContaining({ ownerId: 'bob', holders: { 'org.owner': 1, 'org.admin': 1, 'org.participant': 0 } }),
  ]);
  expect(loaded.revisions).toEqual(new Map([['org-acme', 19n]]));
  expect(loaded.upTo).toEqual(given.at(-1)?.position);
});
