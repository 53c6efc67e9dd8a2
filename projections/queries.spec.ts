import { afterEach, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import { ensureReadSchema } from '#libs/readstore/read-schema.js';
import { run } from '#libs/readstore/sql.js';
import { given, inBatchesOf } from '../test/fault/projector-sample.js';
import { useDatabase } from '../test/support/use-database.js';
import { PostgresAccessDocuments } from './access-documents/queries.js';
import { allProjections } from './all.js';
import { PostgresCommandIndex } from './command-index/command-index.js';
import { grantsOn, grantsTo } from './environment-access/queries.js';
import { environment, environmentsOf } from './environments/queries.js';
import { group, groupMembersOf, groupsOf } from './groups/queries.js';
import { membershipsOfUser, membersOf } from './members/queries.js';
import { organization, organizationsNamed, organizationsOfRealm } from './organizations/queries.js';
import { peopleNamed } from './people/queries.js';

let db: Database;
useDatabase((opened) => {
  db = opened;
});
afterEach(() => run(db, 'drop schema if exists read_v1 cascade'));

it('answers the questions about organizations, members, environments and grants', async () => {
  await inBatchesOf(db, [16]);
  expect(await organization(db, 'acme')).toMatchObject({ name: 'Acme Corporation', revision: '39' });
  expect(await organization(db, 'other')).toBeUndefined();
  expect(await organizationsNamed(db, 'default', ['acme', 'other'])).toHaveLength(1);
  expect(await organizationsNamed(db, 'studio', ['acme'])).toEqual([]);
  expect(await organizationsOfRealm(db, 'default', { limit: 5 })).toMatchObject([
    { org_id: 'acme' },
    { org_id: 'beta' },
  ]);
  expect(await organizationsOfRealm(db, 'default', { limit: 5, after: 'beta' })).toEqual([]);
  expect(await organizationsOfRealm(db, 'another', { limit: 5 })).toEqual([]);
  const [first] = await membersOf(db, 'acme', { limit: 1 });
  expect(first?.user_id).toBe('ann');
  expect((await membersOf(db, 'acme', { limit: 5, after: first?.user_id })).map(({ user_id }) => user_id)).toEqual([
    'bob',
    'dan',
  ]);
  expect(await membersOf(db, 'other', { limit: 5 })).toEqual([]);
  expect(await membershipsOfUser(db, 'bob', { limit: 5 })).toMatchObject([{ org_id: 'acme', role: 'org.owner' }]);
  expect(await environment(db, 'acme', 'prod')).toMatchObject({
    name: 'Production, Europe',
    models: [{ model_id: 'm1', provider: 'p', name: 'One' }],
  });
  expect(await environment(db, 'other', 'prod')).toBeUndefined();
  expect(await environmentsOf(db, 'acme', { limit: 5 })).toHaveLength(1);
  expect(await environmentsOf(db, 'acme', { limit: 5, after: 'prod' })).toEqual([]);
  expect(await grantsOn(db, 'acme', 'prod', { limit: 5 })).toMatchObject([
    { grantee_type: 'group', grantee_id: 'ops' },
    { grantee_id: 'bob' },
  ]);
  expect(await grantsOn(db, 'acme', 'prod', { limit: 5, after: { type: 'user', id: 'bob' } })).toEqual([]);
  expect(await grantsTo(db, 'acme', { type: 'user', id: 'bob' }, { limit: 5 })).toMatchObject([
    { environment_id: 'prod' },
  ]);
  expect(await groupsOf(db, 'acme', { limit: 5 })).toMatchObject([{ group_id: 'ops', name: 'Operations' }]);
  expect(await groupsOf(db, 'acme', { limit: 5, after: 'ops' })).toEqual([]);
  expect(await group(db, 'acme', 'ops')).toMatchObject({ name: 'Operations' });
  expect(await group(db, 'acme', 'old')).toBeUndefined();
  expect(await group(db, 'other', 'ops')).toBeUndefined();
  expect(await groupMembersOf(db, 'acme', 'ops', { limit: 5 })).toMatchObject([{ user_id: 'dan' }]);
  expect(await groupMembersOf(db, 'acme', 'ops', { limit: 5, after: 'dan' })).toEqual([]);
  expect(await groupMembersOf(db, 'other', 'ops', { limit: 5 })).toEqual([]);
  expect(await peopleNamed(db, ['ann', 'bob'])).toMatchObject([{ user_id: 'ann' }]);
});

it('finds a command with how far the rows reach', async () => {
  await ensureReadSchema(db, allProjections);
  const index = new PostgresCommandIndex(db);
  expect(await index.find('seen')).toEqual({ command: undefined, upTo: undefined, parked: new Map() });
  await inBatchesOf(db, [given.length]);
  const upTo = given.at(-1)?.position;
  expect(await index.find('seen')).toEqual({
    command: { stream: 'user-ann', firstRevision: 0n, lastRevision: 1n, payloadDigest: 'digest-3' },
    upTo,
    parked: new Map(),
  });
  expect(await index.find('command-20')).toEqual({ command: undefined, upTo, parked: new Map() });
});

it('loads documents in the order asked, with revisions and position', async () => {
  await inBatchesOf(db, [4]);
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
    expect.objectContaining({ ownerId: 'bob', holders: { 'org.owner': 1, 'org.admin': 1, 'org.participant': 1 } }),
  ]);
  expect(loaded.revisions).toEqual(new Map([['org-acme', 39n]]));
  expect(loaded.upTo).toEqual(given.at(-1)?.position);
});
