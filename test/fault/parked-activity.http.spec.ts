import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { startTestApi, type TestApi } from '../support/api.js';
import { until } from './projector-support.js';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'default=gateway' } });
}, 60_000);
afterAll(() => api?.stop());

async function send(sub: string, path: string, body?: unknown) {
  const authorization = await api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {});
  const { status, text } = await api.http.send({ path, body, headers: { authorization } });
  return { status, body: JSON.parse(text) };
}

async function onAuditTable(change: string): Promise<void> {
  const { reads } = api.services;
  const { rows } = await sql<{ schema: string }>`select nspname as schema from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace where relname = 'audit_entries' and relkind = 'r'`.execute(
    reads,
  );
  await sql.raw(`alter table ${rows[0]?.schema}.audit_entries ${change}`).execute(reads);
}

it('an entry of an activity that cannot be projected stops the audit log of that organization, and nothing else', async () => {
  for (const orgId of ['acme', 'other'])
    await send('root', '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId: 'ann' });
  await onAuditTable("add constraint refuses check (stream <> 'activity-acme') not valid");
  const remove = (orgId: string) =>
    send('ann', `/v1/orgs/${orgId}/commands/DeleteEnvironment`, { environmentId: 'none' });
  expect([(await remove('acme')).status, (await remove('other')).status]).toEqual([422, 422]);
  await until(async () => (await send('root', '/v1/projections')).body.parked.length > 0);
  expect(await send('ann', '/v1/orgs/acme/audit')).toMatchObject({
    status: 503,
    body: { code: 'organization_parked' },
  });
  expect((await send('ann', '/v1/orgs/acme/audit?format=csv')).status).toBe(503);
  expect((await send('ann', '/v1/orgs/acme/members')).status).toBe(200);
  expect((await send('ann', '/v1/orgs/acme/commands/UpdateOrg', { name: 'New' })).status).toBe(200);
  expect((await send('ann', '/v1/orgs/other/audit?outcome=refused')).body.entries).toHaveLength(1);
  await onAuditTable('drop constraint refuses');
  await until(async () => (await send('ann', '/v1/orgs/acme/audit?outcome=refused')).status === 200);
  expect((await send('ann', '/v1/orgs/acme/audit?outcome=refused')).body.entries).toHaveLength(1);
}, 60_000);
