import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { startTestApi, type TestApi } from '../support/api.js';
import { until } from './projector-support.js';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'default=gateway' } });
}, 60_000);
afterAll(() => api?.stop());

async function send(sub: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const authorization = await api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {});
  const { status, text } = await api.http.send({ path, body, headers: { authorization, ...headers } });
  return { status, body: JSON.parse(text) };
}
const use = (orgId: string, requests: number, headers?: Record<string, string>, name = 'RecordUsage') => {
  const lines = [{ userId: 'ann', requests, cost: { thousandths: requests * 1000, currency: 'EUR' } }];
  return send('meter', `/v1/orgs/${orgId}/commands/${name}`, { lines }, headers);
};

async function onUsageTable(change: string): Promise<void> {
  const { reads } = api.services;
  const { rows } = await sql<{ schema: string }>`select nspname as schema from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace where relname = 'usage_by_day' and relkind = 'r'`.execute(
    reads,
  );
  await sql.raw(`alter table ${rows[0]?.schema}.usage_by_day ${change}`).execute(reads);
}

it('usage that cannot be projected stops its views and the audit log with it, and nothing else; caps still count all of it', async () => {
  await send('root', '/v1/realm/commands/AssignPlatformRole', { userId: 'meter', role: 'platform.meter' });
  for (const orgId of ['acme', 'other'])
    await send('root', '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId: 'ann' });
  await send('ann', '/v1/orgs/acme/commands/SetBudget', { amount: 10, currency: 'EUR', period: 'month' });
  expect((await use('acme', 2)).status).toBe(200);
  await until(async () => (await send('ann', '/v1/orgs/acme/usage')).body.total?.requests === 2);
  await onUsageTable("add constraint refuses check (stream <> 'usage-acme' or requests < 5) not valid");
  const keyed = { 'idempotency-key': '"k1"' };
  const first = await use('acme', 4, keyed);
  expect([first.status, (await use('other', 4)).status]).toEqual([200, 200]);
  await until(async () => (await send('root', '/v1/projections')).body.parked.length > 0);
  for (const path of ['usage', 'usage/limits', 'blocked-requests'])
    expect(await send('ann', `/v1/orgs/acme/${path}`)).toMatchObject({
      status: 503,
      body: { code: 'organization_parked' },
    });
  expect((await send('ann', '/v1/me/usage?org=acme')).status).toBe(503);
  expect((await send('ann', '/v1/orgs/acme/members')).status).toBe(200);
  for (const query of ['', 'category=usage', 'format=csv'])
    expect((await send('ann', `/v1/orgs/acme/audit?${query}`)).body).toMatchObject({ code: 'organization_parked' });
  expect((await send('ann', '/v1/orgs/acme/audit?category=org,activity')).status).toBe(200);
  // A key still counts once, and what was recorded before and since still bounds: 2 and 4 of 10 cents are spent.
  expect(await use('acme', 4, keyed)).toEqual(first);
  expect(await use('acme', 5, {}, 'AdmitUsage')).toMatchObject({ status: 409, body: { limit: 10, usage: 6 } });
  expect((await use('acme', 4, {}, 'AdmitUsage')).status).toBe(200);
  expect((await send('ann', '/v1/orgs/other/usage')).body.total.requests).toBe(4);
  await onUsageTable('drop constraint refuses');
  await until(async () => (await send('ann', '/v1/orgs/acme/usage')).body.total?.requests === 10);
  const { body } = await send('ann', '/v1/orgs/acme/usage/limits');
  expect(body).toMatchObject({ spendable: false });
}, 60_000);
