import { expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import { given, inBatchesOf } from '../test/fault/projector-sample.js';
import { useDatabase } from '../test/support/use-database.js';

let db: Database;
useDatabase((opened) => {
  db = opened;
});

const at = (n: number) => given[n - 1]?.metadata.occurredAt;

it('turns every event type into these rows', async () => {
  const rows = await inBatchesOf(db, [given.length]);
  expect(rows.organizations).toEqual([
    {
      org_id: 'acme',
      realm: 'default',
      name: 'Acme Corporation',
      owner_id: 'bob',
      scheme_id: 'enterprise',
      scheme_version: 1,
      created_at: at(4),
      suspended_at: at(44),
      revision: '39',
    },
  ]);
  expect(rows.members).toEqual([
    { org_id: 'acme', user_id: 'ann', role: 'org.admin', since: at(4), suspended_at: null, revision: '25' },
    { org_id: 'acme', user_id: 'bob', role: 'org.owner', since: at(5), suspended_at: null, revision: '15' },
    {
      org_id: 'acme',
      user_id: 'dan',
      role: 'org.participant',
      since: at(27),
      suspended_at: at(28),
      revision: '23',
    },
  ]);
  expect(rows.groups).toEqual([
    { org_id: 'acme', group_id: 'ops', name: 'Operations', created_at: at(31), created_by: 'ann' },
  ]);
  expect(rows.group_members).toEqual([
    { org_id: 'acme', group_id: 'ops', user_id: 'dan', added_at: at(34), added_by: 'ann' },
  ]);
  expect(rows.environments).toEqual([
    {
      org_id: 'acme',
      environment_id: 'prod',
      kind: 'environment',
      name: 'Production, Europe',
      created_at: at(8),
      created_by: 'ann',
    },
  ]);
  expect(rows.environment_models).toEqual([
    { org_id: 'acme', environment_id: 'prod', model_id: 'm1', provider: 'p', name: 'One' },
  ]);
  expect(rows.environment_access).toEqual([
    {
      org_id: 'acme',
      environment_id: 'prod',
      grantee_type: 'group',
      grantee_id: 'ops',
      not_before: null,
      not_after: null,
      role: null,
      granted_by: 'ann',
      granted_at: at(38),
      event_id: 'event-38',
    },
    {
      org_id: 'acme',
      environment_id: 'prod',
      grantee_type: 'user',
      grantee_id: 'bob',
      not_before: '0000-01-01T00:00:00.000Z',
      not_after: null,
      role: null,
      granted_by: 'ann',
      granted_at: at(14),
      event_id: 'event-14',
    },
  ]);
  expect(rows.people).toEqual([
    {
      user_id: 'ann',
      realm: 'default',
      email: 'bad\ufffdmail\ufffd',
      name: null,
      first_seen_at: at(2),
      last_changed_at: at(24),
    },
  ]);
  expect(rows.audit_entries).toHaveLength(40);
  expect(rows.audit_entries?.[15]).toEqual({
    org_id: 'acme',
    revision: '15',
    event_id: 'event-19',
    commit: '19',
    prepare: '19',
    occurred_at: at(19),
    realm: 'default',
    actor: 'ann',
    credential: null,
    command: 'DoOrgOwnershipTransferred',
    command_id: 'command-19',
    event_type: 'OrgOwnershipTransferred',
    targets: ['ann', 'bob'],
    environment_id: null,
    outcome: 'allowed',
    role: 'org.owner',
    correlation: null,
    data: given[18]?.data,
  });
  expect(rows.command_index).toHaveLength(41);
  expect(rows.access_streams).toEqual([
    { stream: 'org-acme', revision: '39' },
    { stream: 'realm-default', revision: '0' },
    { stream: 'user-ann', revision: '2' },
  ]);
  expect(rows.access_documents).toMatchSnapshot();
});

it('gives the same rows for every split into batches, and when run again', async () => {
  const expected = await inBatchesOf(db, [given.length]);
  for (const sizes of [[given.length], [1], [2], [3], [5, 1], [1, 7, 2], [11]])
    expect(await inBatchesOf(db, sizes)).toEqual(expected);
});
