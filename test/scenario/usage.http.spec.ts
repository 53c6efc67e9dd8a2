import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RealmOrgs } from '../support/realm-orgs.js';

/** Realm → its organization's owner, and who holds which role there beside them. */
const worlds = {
  default: { owner: 'olga', others: { ada: 'org.admin', pat: 'org.participant' } },
  team: { owner: 'john', others: { amy: 'org.admin', vera: 'org.viewer' } },
  rules: { owner: 'liu', others: { ann: 'org.admin', max: 'org.member' } },
  gate: { owner: 'gus', others: { mel: 'org.member', ned: 'org.member' } },
} as const;
type Realm = keyof typeof worlds;

let orgs: RealmOrgs<Realm>;

beforeAll(async () => {
  orgs = await RealmOrgs.start(worlds);
  for (const [name, { owner }] of Object.entries(worlds)) {
    const realm = name as Realm;
    const lines = [{ userId: orgs.idOf(realm, owner), requests: 2, cost: { thousandths: 2500, currency: 'EUR' } }];
    await orgs.done(realm, 'meter', 'RecordUsage', { lines });
  }
}, 120_000);
afterAll(() => orgs?.api.stop());

describe('who reads usage (K7, K13)', () => {
  const seen: readonly (readonly [Realm, string, number])[] = [
    // Not even the platform's admins: it is content of the organization's.
    ['default', 'olga', 403],
    ['default', 'pat', 403],
    ['default', 'root', 403],
    // C-M12: owners only.
    ['team', 'john', 200],
    ['team', 'amy', 403],
    ['team', 'vera', 403],
    ['team', 'root', 403],
    // R-M17, members by an option that is on.
    ['rules', 'liu', 200],
    ['rules', 'ann', 200],
    ['rules', 'max', 200],
    // G-M07: org admins, and platform admins of every organization.
    ['gate', 'gus', 200],
    ['gate', 'mel', 403],
    ['gate', 'root', 200],
  ];
  it.each(seen)('%s: %s is answered %i (C-M12, R-M17, G-M07)', async (realm, sub, status) => {
    for (const path of ['usage', 'usage?by=user', 'usage/limits', 'blocked-requests'])
      expect([path, (await orgs.ofOrg(realm, sub, path)).status]).toEqual([path, status]);
  });

  it.each(['gus', 'mel', 'root'])('%s of a gateway reads own usage, and nobody else by it (G-M16)', async (sub) => {
    const { status, body } = await orgs.get('gate', sub, 'me/usage?org=gate-org');
    expect([status, body.total.requests]).toEqual([200, sub === 'gus' ? 2 : 0]);
  });

  it('own usage of an organization that one may not see looks like that of none', async () => {
    const shape = async (org: string) => (await orgs.get('gate', 'stranger', `me/usage?org=${org}`)).body;
    expect(await shape('gate-org')).toEqual(await shape('no-such-org'));
    expect((await orgs.get('team', 'john', 'me/usage?org=team-org')).status).toBe(403);
  });
});

describe('recording (C21, G10)', () => {
  it('is for services of the platform: nobody in an organization says what it has used', async () => {
    const lines = [{ requests: 1 }];
    for (const [realm, sub] of [
      ['team', 'john'],
      ['rules', 'liu'],
      ['gate', 'gus'],
      ['gate', 'root'],
    ] as const)
      for (const name of ['RecordUsage', 'AdmitUsage'])
        expect(await orgs.post(realm, sub, name, { lines })).toMatchObject({
          status: 403,
          body: { code: 'forbidden', permission: 'usage:record' },
        });
    const elsewhere = await orgs.post('gate', 'meter', 'RecordUsage', { lines }, {}, 'orgs/team-org');
    expect(elsewhere.status).toBe(404);
  });

  it('happens once under a key, also long after', async () => {
    const lines = [{ userId: orgs.idOf('team', 'vera'), requests: 3 }];
    const key = { 'idempotency-key': '"u1"' };
    const first = await orgs.done('team', 'meter', 'RecordUsage', { lines }, key);
    expect(first).toMatchObject({ stream: 'usage-team-org', events: [{ type: 'UsageRecorded' }] });
    // Before and after the read models have seen it.
    expect(await orgs.done('team', 'meter', 'RecordUsage', { lines }, key)).toEqual(first);
    expect((await orgs.ofOrg('team', 'john', 'usage?by=user')).status).toBe(200);
    expect(await orgs.done('team', 'meter', 'RecordUsage', { lines }, key)).toEqual(first);
    const other = await orgs.post('team', 'meter', 'RecordUsage', { lines: [{ requests: 4 }] }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    const { body } = await orgs.ofOrg('team', 'john', 'usage?by=user');
    expect(body.usage).toContainEqual(expect.objectContaining({ key: 'vera@team', requests: 3 }));
  });

  it('is tried without a trace as a dry run, and stands alone: not in a batch with commands', async () => {
    const lines = [{ requests: 1000 }];
    const dry = await orgs.done('team', 'meter', 'RecordUsage', { lines }, { 'dry-run': 'true' });
    expect(dry).toMatchObject({ dryRun: true, events: [{ data: { lines: [{ requests: 1000 }] } }] });
    expect(dry.effects).toEqual({ changes: [], limits: [] });
    expect((await orgs.ofOrg('team', 'john', 'usage')).body.total.requests).toBeLessThan(1000);
    const body = { commands: [{ command: 'RecordUsage', input: { lines } }] };
    const headers = await orgs.headersOf('team', 'meter');
    expect((await orgs.api.http.send({ path: '/v1/orgs/team-org/commands', headers, body })).status).toBe(400);
  });

  it('shows trends by day, with what the own key has cost counted nowhere (C21, C24)', async () => {
    const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
    const [before, now] = [day(3), day(0)];
    const cost = { thousandths: 1_000, currency: 'EUR' };
    await orgs.done('gate', 'meter', 'RecordUsage', {
      lines: [
        { userId: orgs.idOf('gate', 'mel'), day: before, model: 'gpt-4o', requests: 5, inputTokens: 70, cost },
        { userId: orgs.idOf('gate', 'mel'), day: before, model: 'gpt-4o', requests: 2, cost },
        { userId: orgs.idOf('gate', 'mel'), day: now, model: 'claude', requests: 1, cost, byok: true },
      ],
    });
    const { body } = await orgs.get('gate', 'mel', `me/usage?org=gate-org&from=${before}&to=${now}`);
    expect(body.usage).toMatchObject([
      { key: before, requests: 7, byokRequests: 0, inputTokens: 70, cost: [{ currency: 'EUR', thousandths: 2_000 }] },
      { key: now, requests: 1, byokRequests: 1, cost: [] },
    ]);
    expect(body.total).toMatchObject({ requests: 8, byokRequests: 1, cost: [{ thousandths: 2_000 }] });
    const page = await orgs.ofOrg('gate', 'gus', `usage?from=${before}&to=${now}&by=model&limit=1`);
    expect(page.body.usage).toHaveLength(1);
    const rest = `usage?from=${before}&to=${now}&by=model&limit=9&cursor=${page.body.next}`;
    const keys = [...page.body.usage, ...(await orgs.ofOrg('gate', 'gus', rest)).body.usage].map(({ key }) => key);
    expect(keys).toEqual(['', 'claude', 'gpt-4o']);
    expect((await orgs.ofOrg('gate', 'gus', 'usage?from=2020-01-01&to=2026-01-01')).status).toBe(400);
  });

  it('tells people of their own blocked requests, and org admins of all (G-M17, G10)', async () => {
    for (const [sub, reason] of [
      ['mel', 'guardrail'],
      ['ned', 'budget'],
    ] as const)
      await orgs.done('gate', 'meter', 'RecordBlockedRequest', {
        userId: orgs.idOf('gate', sub),
        reason,
        model: 'gpt-4o',
      });
    const own = await orgs.get('gate', 'mel', 'me/blocked-requests?org=gate-org');
    expect(own.body.requests).toEqual([
      { at: expect.any(String), userId: 'mel@gate', model: 'gpt-4o', reason: 'guardrail' },
    ]);
    const all = await orgs.ofOrg('gate', 'gus', 'blocked-requests');
    expect(all.body.requests.map(({ userId }: { userId: string }) => userId)).toEqual(['ned@gate', 'mel@gate']);
    expect((await orgs.ofOrg('gate', 'gus', 'blocked-requests?user=mel@gate')).body.requests).toHaveLength(1);
  });
});

describe('caps (R18, G12, G24)', () => {
  it('the monthly run limit of the plan is exact, however many ask at once, and says limit and usage (R-M17)', async () => {
    await orgs.done('rules', 'liu', 'ChangeSubscription', { plan: 'starter' });
    await orgs.done('rules', 'meter', 'RecordUsage', { lines: [{ runs: 990 }] });
    const asked = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        orgs.post('rules', 'meter', 'AdmitUsage', { lines: [{ runs: 1 }] }, { 'idempotency-key': `"run-${i}"` }),
      ),
    );
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(10);
    const refused = asked.filter(({ status }) => status !== 200);
    for (const { status, body } of refused)
      expect({ status, ...body }).toMatchObject({
        status: 409,
        code: 'limit_exceeded',
        limited: 'runsPerMonth',
        limit: 1000,
        usage: 1000,
      });
    const { body } = await orgs.ofOrg('rules', 'max', 'usage/limits');
    expect(body).toMatchObject({ spendable: false });
    expect(body.limits).toContainEqual({
      limited: 'runsPerMonth',
      limit: 1000,
      usage: 1000,
      period: new Date().toISOString().slice(0, 7),
    });
    expect(body.limits).toContainEqual({ limited: 'members', limit: null, usage: 3 });
    // Under a key, what was admitted is answered again, and not counted again.
    const again = await orgs.post(
      'rules',
      'meter',
      'AdmitUsage',
      { lines: [{ runs: 1 }] },
      { 'idempotency-key': '"run-0"' },
    );
    expect(again.status).toBe(asked[0]?.status);
  });

  it('the tightest budget wins, and only whom it bears on may not go on', async () => {
    await orgs.done('gate', 'gus', 'SetBudget', { amount: 1_000, currency: 'EUR', period: 'total' });
    await orgs.done('gate', 'gus', 'SetBudget', { amount: 10, currency: 'EUR', period: 'total', userId: 'ned@gate' });
    const spend = (sub: string, cents: number) => ({
      lines: [{ userId: orgs.idOf('gate', sub), cost: { thousandths: cents * 1000, currency: 'EUR' } }],
    });
    await orgs.done('gate', 'meter', 'AdmitUsage', spend('ned', 10));
    expect(await orgs.post('gate', 'meter', 'AdmitUsage', spend('ned', 1))).toMatchObject({
      status: 409,
      body: { limited: 'budget', limit: 10, usage: 10 },
    });
    await orgs.done('gate', 'meter', 'AdmitUsage', spend('mel', 1));
    const of = async (sub: string) =>
      (await orgs.ofOrg('gate', 'meter', `usage/limits?user=${orgs.idOf('gate', sub)}`)).body;
    expect(await of('ned')).toMatchObject({
      spendable: false,
      limits: [
        { limited: 'budget', limit: 10, usage: 10, period: 'total', currency: 'EUR', userId: 'ned@gate' },
        { limited: 'budget', limit: 1_000 },
      ],
    });
    expect(await of('mel')).toMatchObject({ spendable: true, limits: [{ limit: 1_000 }] });
    // An answer to who meters is no refused attempt; who may not meter at all leaves one.
    expect((await orgs.post('gate', 'mel', 'AdmitUsage', spend('mel', 1))).status).toBe(403);
    const refusals = await orgs.ofOrg('gate', 'gus', 'audit?action=AdmitUsage&outcome=refused');
    expect(refusals.body.entries).toEqual([]);
    const denials = await orgs.ofOrg('gate', 'gus', 'audit?action=AdmitUsage&outcome=denied');
    expect(denials.body.entries[0]).toMatchObject({ actor: 'mel@gate' });
    // What is used nevertheless is recorded all the same.
    await orgs.done('gate', 'meter', 'RecordUsage', spend('ned', 5));
    expect((await of('ned')).limits[0]).toMatchObject({ usage: 15 });
  });

  it('callers that ask first and record after overshoot by what each has under way at most', async () => {
    const [callers, cents, cap] = [6, 3, 40];
    await orgs.done('default', 'root', 'AssignPlatformRole', { userId: 'meter', role: 'platform.meter' }, {}, 'realm');
    const org = 'orgs/gate-org';
    await orgs.done('gate', 'gus', 'CreateEnvironment', { environmentId: 'capped', name: 'Capped' });
    const place = { environmentId: 'capped' };
    await orgs.done('gate', 'gus', 'SetBudget', { amount: cap, currency: 'EUR', period: 'month', ...place });
    const spendable = async () => (await orgs.ofOrg('gate', 'meter', 'usage/limits?environment=capped')).body.spendable;
    const line = { ...place, cost: { thousandths: cents * 1000, currency: 'EUR' } };
    let spent = 0;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (await spendable()) {
          spent += cents;
          await orgs.done('gate', 'meter', 'RecordUsage', { lines: [line] }, {}, org);
        }
      }),
    );
    // The last one that was let through saw at most `cap - 1`; each of the others may have had one more under way.
    expect(spent).toBeGreaterThanOrEqual(cap);
    expect(spent).toBeLessThanOrEqual(cap - 1 + callers * cents);
    const { limits } = (await orgs.ofOrg('gate', 'meter', 'usage/limits?environment=capped')).body;
    expect(limits[0]).toMatchObject({ limited: 'budget', environmentId: 'capped', limit: cap, usage: spent });
  });
});

it("a person's export holds what was used and blocked under their id, in the organizations of their realm (X-06)", async () => {
  const day = new Date().toISOString().slice(0, 10);
  const userId = orgs.idOf('gate', 'zoe');
  const cost = { thousandths: 1_500, currency: 'EUR' };
  await orgs.done('gate', 'meter', 'RecordUsage', {
    lines: [
      { userId, day, model: 'gpt-4o', provider: 'openai', requests: 4, runs: 1, outputTokens: 9, credits: 2, cost },
      { userId, day, requests: 1, byok: true },
    ],
  });
  await orgs.done('gate', 'meter', 'RecordBlockedRequest', { userId, reason: 'budget', model: 'gpt-4o' });
  // An organization of another realm, which may name whom it likes.
  await orgs.done('team', 'meter', 'RecordUsage', { lines: [{ userId, day, requests: 99 }] });
  const { body } = await orgs.get('gate', 'zoe', 'me/export');
  const nothing = { runs: 0, inputTokens: 0, outputTokens: 0, credits: 0, cost: [] };
  const used = { model: 'gpt-4o', provider: 'openai', paidBy: 'platform', requests: 4, runs: 1, outputTokens: 9 };
  expect(body.usage).toEqual([
    { orgId: 'gate-org', day, paidBy: 'organization', ...nothing, requests: 1 },
    { orgId: 'gate-org', day, ...nothing, ...used, credits: 2, cost: [cost] },
  ]);
  expect(body.blockedRequests).toEqual([
    { orgId: 'gate-org', at: expect.any(String), model: 'gpt-4o', reason: 'budget' },
  ]);
  const headers = { ...(await orgs.headersOf('gate', 'zoe')), accept: 'text/csv' };
  const csv = await orgs.api.http.send({ path: '/v1/me/export', headers });
  expect(csv.text).toContain(`"usage","${day}","outputTokens","9"\r\n`);
  expect(csv.text).toMatch(/"blocked request","2[^"]+Z","reason","budget"\r\n/);
  expect(csv.text).not.toContain('mel@gate');
});
