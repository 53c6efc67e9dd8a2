import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

describe('platform-wide prices (G-M04)', () => {
  let api: TestApi;
  let token = '';

  const send = async (sub: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const email = sub === 'op' ? { email: 'admin@localhost' } : {};
    const authorization = await api.bearer(sub, { realm: 'gate', ...email });
    const consistency = token === '' ? {} : { 'consistency-token': token };
    const answer = await api.http.send({ path, body, headers: { authorization, ...consistency, ...headers } });
    token = String(answer.headers['consistency-token'] ?? token);
    return { status: answer.status, json: JSON.parse(answer.text) };
  };
  const set = (document: unknown, headers = {}, sub = 'op') =>
    send(sub, '/v1/realm/commands/SetPricing', { document }, headers);

  beforeAll(async () => {
    api = await startTestApi({ environment: { REALMS: 'default=enterprise,gate=gateway', READ_WAIT_MS: '20000' } });
  }, 60_000);
  afterAll(() => api.stop());

  it('are set in versions by a platform admin, and read back as they came', async () => {
    expect((await send('op', '/v1/realm/pricing')).status).toBe(404);
    const first = { 'gpt-4o': { inputPerMillion: 250.5 } };
    const done = await set(first, { 'idempotency-key': 'first' });
    expect([done.status, done.json.events]).toMatchObject([200, [{ type: 'PricingSet' }]]);
    expect((await send('op', '/v1/realm/pricing')).json).toEqual({ version: 1, document: first });
    const tried = await set({ b: 2 }, { 'dry-run': 'true' });
    expect(tried.json.events).toMatchObject([{ type: 'PricingSet', data: { version: 2, document: '{"b":2}' } }]);
    expect((await set(first)).json.events).toEqual([]);
    expect((await set({ b: 2 })).status).toBe(200);
    expect((await set(first, { 'idempotency-key': 'first' })).json).toEqual(done.json);
    expect((await send('op', '/v1/realm/pricing')).json).toEqual({ version: 2, document: { b: 2 } });
    const adopted = await send('op', '/v1/realm/commands/AssignPlatformRole', {
      userId: 'ann',
      role: 'platform.checker',
    });
    expect([adopted.status, (await send('op', '/v1/realm/pricing')).json.version]).toEqual([200, 2]);
  });

  it("are nobody else's to set or to read", async () => {
    const denied = { status: 403, json: { code: 'forbidden', permission: 'pricing:set' } };
    expect(await set({}, {}, 'mel')).toMatchObject(denied);
    expect(await send('mel', '/v1/realm/pricing')).toMatchObject(denied);
    const authorization = await api.bearer('root', { email: 'admin@localhost' });
    const elsewhere = await api.http.send({ path: '/v1/realm/pricing', headers: { authorization } });
    expect(elsewhere.status).toBe(403);
  });
});
