import { erasuresOf, pendingErasures } from './erasures/queries.js';
import { expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import { given, inBatchesOf } from '../test/fault/projector-sample.js';
import { useDatabase } from '../test/support/use-database.js';

let db: Database;
useDatabase((opened) => {
  db = opened;
});

const at = (n: number) => given[n - 1]?.metadata.occurredAt;

const ofAcme = (rows: unknown[] | undefined, ...ids: string[]) =>
  ((rows ?? []) as Record<string, unknown>[]).filter(({ org_id: id }) =>
    (ids.length > 0 ? ids : ['acme']).includes(String(id)),
  );
const later = ['realm-other', 'org-beta', 'org-gamma', 'activity-beta', 'usage-beta', 'user-hal', 'user-ivy'];
const isLater = (stream: unknown) => later.includes(String(stream));

it('turns every event type into these rows', async () => {
  const rows = await inBatchesOf(db, [given.length]);
  expect(ofAcme(rows.organizations)).toEqual([
    {
      org_id: 'acme',
      realm: 'default',
      name: 'Acme Corporation',
      description: null,
      owner_id: 'bob',
      scheme_id: 'enterprise',
      scheme_version: 1,
      created_at: at(4),
      suspended_at: at(44),
      plan: null,
      transfer_requested_to: null,
      revision: '39',
    },
  ]);
  expect(ofAcme(rows.members)).toEqual([
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
  expect(ofAcme(rows.groups)).toEqual([
    { org_id: 'acme', group_id: 'ops', name: 'Operations', created_at: at(31), created_by: 'ann' },
  ]);
  expect(ofAcme(rows.group_members)).toEqual([
    { org_id: 'acme', group_id: 'ops', user_id: 'dan', added_at: at(34), added_by: 'ann' },
  ]);
  expect(ofAcme(rows.environments)).toEqual([
    {
      org_id: 'acme',
      environment_id: 'prod',
      kind: 'environment',
      name: 'Production, Europe',
      created_at: at(8),
      created_by: 'ann',
    },
  ]);
  expect(ofAcme(rows.environment_models)).toEqual([
    { org_id: 'acme', environment_id: 'prod', model_id: 'm1', provider: 'p', name: 'One' },
  ]);
  expect(ofAcme(rows.environment_access)).toEqual([
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
  const entries = ofAcme(rows.audit_entries, 'acme', 'realm:default');
  expect(entries).toHaveLength(65);
  expect(entries.find(({ event_id: id }) => id === 'event-19')).toEqual({
    stream: 'org-acme',
    commit: '19',
    prepare: '19',
    revision: '15',
    org_id: 'acme',
    event_id: 'event-19',
    occurred_at: at(19),
    realm: 'default',
    actor: 'ann',
    credential: null,
    delegate: null,
    origin: null,
    command: 'DoOrgOwnershipTransferred',
    command_id: 'command-19',
    event_type: 'OrgOwnershipTransferred',
    targets: ['ann', 'bob'],
    environment_id: null,
    outcome: 'allowed',
    role: 'org.owner',
    evidence: [],
    break_glass: false,
    scheme: null,
    correlation: 'correlation-19',
    causation: null,
    trace: null,
    data: given[18]?.data,
  });
  const activity = entries.filter(({ stream }) => String(stream).startsWith('activity-'));
  expect(
    activity.map(({ org_id, revision, event_type, outcome, targets }) => [
      org_id,
      revision,
      event_type,
      outcome,
      targets,
    ]),
  ).toEqual([
    ['acme', '0', 'CommandRefused', 'denied', ['dan']],
    ['acme', '1', 'ReadRefused', 'denied', []],
    ['acme', '2', 'AuditRead', 'allowed', []],
    ['acme', '3', 'AuditExportStarted', 'allowed', ['export-1']],
    ['acme', '4', 'AuditExported', 'allowed', ['export-1']],
    ['realm:default', '0', 'CommandRefused', 'denied', ['acme', 'dan']],
  ]);
  const commands = (rows.command_index ?? []) as Record<string, unknown>[];
  expect(commands.filter(({ stream }) => !isLater(stream))).toHaveLength(59);
  const streams = (rows.access_streams ?? []) as Record<string, unknown>[];
  expect(streams.filter(({ stream }) => !isLater(stream))).toEqual([
    { stream: 'activity-acme', revision: '4' },
    { stream: 'activity-realm:default', revision: '0' },
    { stream: 'org-acme', revision: '39' },
    { stream: 'realm-default', revision: '18' },
    { stream: 'user-ann', revision: '2' },
  ]);
  expect(rows.access_documents).toMatchSnapshot();
});

it('turns requests to erase people, and what became of them, into these rows', async () => {
  const rows = await inBatchesOf(db, [given.length]);
  expect(rows.erasure_requests).toMatchObject([
    { stream: 'org-beta', user_id: 'fay', requested_by: 'ann', command: 'DoMemberErasureRequested' },
    { stream: 'realm-default', user_id: 'hal' },
    { stream: 'realm-default', user_id: 'ivy' },
  ]);
  expect(rows.erased_people).toMatchObject([
    { user_id: 'hal', key_ids: ['k1'], verified_at: null },
    { user_id: 'ivy', key_ids: ['k2', 'k3'], verified_at: expect.any(String) },
  ]);
  expect((rows.people as { user_id: string }[]).map(({ user_id: id }) => id)).toEqual(['ann']);
  expect(await pendingErasures(db)).toMatchObject([{ userId: 'fay' }, { userId: 'hal' }]);
  expect(await erasuresOf(db, 'realm-default', { limit: 1, after: 'hal' })).toMatchObject([{ userId: 'ivy' }]);
});

it('turns invitations, workflows and a deletion into these rows', async () => {
  const rows = await inBatchesOf(db, [given.length]);
  const begun = given.findIndex(({ stream }) => stream === 'org-beta');
  const after = (n: number) => at(begun + 1 + n);
  const ofBeta = (table: string) => ofAcme(rows[table], 'beta');
  expect(ofBeta('organizations')).toMatchObject([
    { description: 'Makers of everything', plan: 'starter', transfer_requested_to: 'fay' },
  ]);
  expect(ofBeta('members')).toMatchObject([
    { user_id: 'eve', role: 'org.owner' },
    { user_id: 'fay', role: 'org.viewer', since: after(10), revision: '10' },
  ]);
  expect(ofBeta('environment_access')).toMatchObject([
    { environment_id: 'main', grantee_id: 'fay', role: 'workspace.developer', granted_at: after(10) },
  ]);
  expect(ofBeta('invitations')).toEqual(
    [
      { invitation_id: 'i1', status: 'pending', expires_at: '2026-03-01T00:00:00.000Z' },
      { invitation_id: 'i2', status: 'canceled' },
      { invitation_id: 'i3', status: 'declined' },
      { invitation_id: 'i4', status: 'accepted', accepted_by: 'fay' },
    ].map((each, i) => ({
      org_id: 'beta',
      email_index: `index-${each.invitation_id}`,
      role: 'org.viewer',
      environments: [{ environmentId: 'main', role: 'workspace.developer' }],
      invited_at: after(3 + i),
      invited_by: 'ann',
      expires_at: '2026-02-01T00:00:00.000Z',
      accepted_by: null,
      ...each,
    })),
  );
  expect(ofBeta('invited_addresses')).toHaveLength(3);
  expect(ofBeta('workflows')).toMatchObject([
    { workflow_id: 'w1', environment_id: 'other', name: 'w1', owner_id: 'fay', registered_at: after(18) },
    { workflow_id: 'w3', environment_id: null, name: 'w3', owner_id: 'fay' },
    { workflow_id: 'w4', environment_id: 'main' },
    { workflow_id: 'w5', environment_id: null },
  ]);
  for (const entry of ofBeta('audit_entries')) expect(JSON.stringify(entry)).not.toContain('@beta.test');
  expect(ofAcme(rows.audit_entries, 'gamma')).toHaveLength(10);
  for (const table of Object.keys(rows).filter((name) => !name.startsWith('audit_')))
    expect([table, ofAcme(rows[table], 'gamma')]).toEqual([table, []]);
});

it('gives the same rows for every split into batches, and when run again', async () => {
  const expected = await inBatchesOf(db, [given.length]);
  for (const sizes of [[given.length], [1], [2], [3], [5, 1], [1, 7, 2], [11]])
    expect(await inBatchesOf(db, sizes)).toEqual(expected);
}, 120_000);

it('gives usage an entry and a leaf for each event, with whom and what it names and nothing of how much', async () => {
  const rows = await inBatchesOf(db, [given.length]);
  const of = (table: string) =>
    ((rows[table] ?? []) as Record<string, unknown>[]).filter(({ stream }) => stream === 'usage-beta');
  const told = { org_id: 'beta', targets: ['fay', 'main'], environment_id: 'main', outcome: 'allowed', data: {} };
  expect(of('audit_entries')).toMatchObject([
    { ...told, revision: '0', event_type: 'UsageRecorded', command: 'DoUsageRecorded' },
    { ...told, revision: '1', event_type: 'UsageRecorded' },
    { ...told, revision: '2', event_type: 'RequestBlocked' },
  ]);
  expect(of('audit_targets').map(({ target }) => target)).toEqual(['fay', 'fay', 'fay', 'main', 'main', 'main']);
  expect(of('ledger_leaves').map(({ revision }) => revision)).toEqual(['0', '1', '2']);
});

it('adds usage up, by day and for what caps are compared with (C21, C24, R18)', async () => {
  const rows = await inBatchesOf(db, [given.length]);
  const used = { user_id: 'fay', environment_id: 'main', provider: 'openai', model: 'gpt-4o' };
  const byFay = { ...used, currency: 'EUR', runs: '0', requests: '2', input_tokens: '10', output_tokens: '5' };
  const nobody = { user_id: '', environment_id: '', provider: '', model: '', currency: '', paid_by: 'platform' };
  const none = { requests: '0', input_tokens: '0', output_tokens: '0', credits: '0', cost: '0' };
  const twice = { requests: '4', input_tokens: '20', output_tokens: '10', credits: '3', cost: '3000' };
  expect(rows.usage_by_day).toEqual(
    [
      { day: '2026-01-30', ...byFay, paid_by: 'platform', ...twice },
      { day: '2026-01-31', ...nobody, ...none, runs: '4' },
      { day: '2026-01-31', ...byFay, paid_by: 'organization', credits: '0', cost: '1500' },
    ].map((row) => expect.objectContaining({ stream: 'usage-beta', ...row })),
  );
  const scopes = ['', 'environment/main', 'user/fay'];
  const costs = scopes.flatMap((scope) =>
    ['2026-01', '2026-01-30', 'total'].map((period) => [scope, period, 'cost/EUR', '3000']),
  );
  const others = [
    ['', '2026-01', 'credits', '3'],
    ['', 'total', 'credits', '3'],
    ['', '2026-01', 'runs', '4'],
  ];
  const meters = (rows.usage_meters ?? []) as Record<string, string>[];
  expect(meters.map(({ scope, period, measure, value }) => [scope, period, measure, value].join(' ')).sort()).toEqual(
    [...costs, ...others].map((row) => row.join(' ')).sort(),
  );
  expect(rows.blocked_requests).toMatchObject([{ ...used, stream: 'usage-beta', reason: 'guardrail', rule: 'cards' }]);
});
