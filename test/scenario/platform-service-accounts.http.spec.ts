import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import type { CommandRequest } from '#libs/application/command-request.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { readingOwnWrites } from '../support/own-reads.js';
import { wholeLog } from '../support/whole-log.js';

const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
const checker = { type: 'service', id: '@default/checks' };
const alice = { type: 'user', id: 'alice' };
const shown: string[] = [];
let api: TestApi;
let root = '';
let olga = '';

const { send, done: doneAt } = readingOwnWrites(() => api);
const pathOf = (name: string, target = 'realm') => `/v1/${target}/commands/${name}`;
const command = (who: string, name: string, body: object, target?: string) => send(who, pathOf(name, target), body);
const done = (who: string, name: string, body: object, target?: string) => doneAt(who, pathOf(name, target), body);
async function issued(name: string, input: object): Promise<string> {
  const { result } = await done(root, name, input);
  expect(result.key).toMatch(/^tnt_plt_/);
  shown.push(result.key);
  return `Bearer ${result.key}`;
}
const evaluate = (who: string, subject: object, more: object = {}) =>
  send(who, '/access/v1/evaluation', {
    ...{ subject, action: { name: 'org:view' }, resource: { type: 'org', id: 'acme' } },
    ...more,
  });

beforeAll(async () => {
  api = await startTestApi({
    clock,
    environment: { REALMS: 'default=enterprise,gate=gateway', READ_WAIT_MS: '20000' },
  });
  root = await api.bearer('root', { email: 'admin@localhost' });
  olga = await api.bearer('olga');
  for (const orgId of ['acme', 'default'])
    await done(root, 'CreateOrg', { orgId, name: orgId, ownerId: orgId === 'acme' ? 'olga' : 'zoe' });
  const gateRoot = await api.bearer('root', { realm: 'gate', email: 'admin@localhost' });
  await done(gateRoot, 'CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gus@gate' });
  await done(olga, 'AddMember', { userId: 'alice', role: 'org.participant' }, 'orgs/acme');
  const names = { accountId: 'checks', name: 'Checks of the gateway' };
  await done(root, 'CreatePlatformServiceAccount', { ...names, role: 'platform.checker' });
  await done(root, 'CreatePlatformServiceAccount', { accountId: 'meter', name: 'Meter', role: 'platform.meter' });
}, 60_000);
afterAll(() => api?.stop());

describe("the platform's own service accounts (X-03)", () => {
  it('ask about everybody in every organization of their realm, and in no other (X-02)', async () => {
    const key = await issued('IssuePlatformServiceAccountKey', { accountId: 'checks', keyId: 'first' });
    expect(await evaluate(key, alice)).toMatchObject({ status: 200, body: { decision: true } });
    expect(await evaluate(key, { type: 'user', id: 'nobody' })).toMatchObject({ body: { decision: false } });
    const other = { resource: { type: 'org', id: 'default' } };
    expect(await evaluate(key, { type: 'user', id: 'zoe' }, other)).toMatchObject({ body: { decision: true } });
    const gus = { type: 'user', id: 'gus@gate' };
    const elsewhere = await evaluate(key, gus, { resource: { type: 'org', id: 'gated' } });
    const missing = await evaluate(key, gus, { resource: { type: 'org', id: 'no-such-org' } });
    expect([elsewhere.status, elsewhere.body.decision ?? false]).toEqual([missing.status, false]);
    expect((await send(key, '/v1/orgs/gated')).status).toBe(404);
    for (const [name, body, target] of [
      ['AddMember', { userId: 'eve', role: 'org.admin' }, 'orgs/acme'],
      ['CreateOrg', { orgId: 'own', name: 'Own', ownerId: 'eve' }, 'realm'],
      ['IssuePlatformServiceAccountKey', { accountId: 'checks' }, 'realm'],
    ] as const)
      expect([name, (await command(key, name, body, target)).status]).toEqual([name, 403]);
  });

  it('are asked about themselves, found by a search, and were what they were then', async () => {
    const before = new Date(clock.now()).toISOString();
    clock.ahead += 2_000;
    await done(root, 'CreatePlatformServiceAccount', { accountId: 'late', name: 'Late', role: 'platform.checker' });
    const late = { type: 'service', id: '@default/late' };
    const asked = { action: { name: 'decision:evaluate' } };
    expect(await evaluate(olga, late, asked)).toMatchObject({ body: { decision: true } });
    expect(await evaluate(olga, late, { ...asked, context: { at: before } })).toMatchObject({
      body: { decision: false },
    });
    await done(olga, 'CreateServiceAccount', { accountId: 'ci', name: 'CI', role: 'org.checker' }, 'orgs/acme');
    const search = async (context: object) => {
      const question = { subject: { type: 'service' }, ...asked, resource: { type: 'org', id: 'acme' }, ...context };
      const found: unknown[] = [];
      for (let next: string | undefined = ''; next !== undefined; ) {
        const page = { limit: 1, ...(next === '' ? {} : { token: next }) };
        const { status, body } = await send(olga, '/access/v1/search/subject', { ...question, page });
        expect([status, body.results?.length <= 1]).toEqual([200, true]);
        found.push(...body.results.map(({ id }: { id: string }) => id));
        next = body.page?.next_token === '' ? undefined : body.page?.next_token;
      }
      return found;
    };
    expect(await search({})).toEqual(['@default/checks', '@default/late', 'acme/ci']);
    expect(await search({ context: { at: before } })).toEqual(['@default/checks']);
  });

  it('sign what they do: usage that a meter records is theirs in the audit log', async () => {
    const key = await issued('IssuePlatformServiceAccountKey', { accountId: 'meter', keyId: 'first' });
    await done(key, 'RecordUsage', { lines: [{ userId: 'alice', requests: 3 }] }, 'orgs/acme');
    const { metadata } = (await wholeLog(api.eventStoreUrl)).find(({ type }) => type === 'UsageRecorded') ?? {};
    expect(metadata?.actor).toBe('service:@default/meter');
  });

  it('act by a token that a key was exchanged for, as long as the key is good', async () => {
    const key = await issued('IssuePlatformServiceAccountKey', { accountId: 'checks', keyId: 'exchanged' });
    const answer = await api.http.send({
      path: '/v1/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        ...{ grant_type: 'client_credentials', client_id: '@default/checks' },
        client_secret: key.slice('Bearer '.length),
      }).toString(),
    });
    expect(answer.status).toBe(200);
    const bearer = `Bearer ${JSON.parse(answer.text).access_token}`;
    expect(await evaluate(bearer, alice)).toMatchObject({ body: { decision: true } });
    await done(root, 'RevokePlatformServiceAccountKey', { accountId: 'checks', keyId: 'exchanged' });
    for (const each of [bearer, key]) expect((await evaluate(each, alice)).status).toBe(401);
  });

  it('change keys with an overlap, and have none once they are deleted', async () => {
    const first = await issued('IssuePlatformServiceAccountKey', { accountId: 'checks', keyId: 'old' });
    const until = new Date(clock.now() + 60_000).toISOString();
    const rotation = { accountId: 'checks', keyId: 'old', newKeyId: 'new', until };
    const second = await issued('RotatePlatformServiceAccountKey', rotation);
    for (const each of [first, second]) expect((await evaluate(each, alice)).status).toBe(200);
    clock.ahead += 61_000;
    expect((await evaluate(first, alice)).status).toBe(401);
    expect((await evaluate(second, alice)).status).toBe(200);
    const { body } = await send(root, '/v1/realm/service-accounts');
    expect(body.serviceAccounts).toMatchObject([{ id: 'checks' }, { id: 'late', keys: [] }, { id: 'meter' }]);
    await done(root, 'DeletePlatformServiceAccount', { accountId: 'checks' });
    expect((await evaluate(second, alice)).status).toBe(401);
    expect(await evaluate(olga, checker, { action: { name: 'decision:evaluate' } })).toMatchObject({
      body: { decision: false },
    });
    const again = { accountId: 'checks', name: 'Checks of the gateway', role: 'platform.checker' };
    expect(await command(root, 'CreatePlatformServiceAccount', again)).toMatchObject({
      body: { code: 'service_account_exists' },
    });
  });

  it('are made by platform admins alone, and are nobody who runs the platform or is confirmed by a second person', async () => {
    const account = { accountId: 'more', name: 'More' };
    expect((await command(olga, 'CreatePlatformServiceAccount', { ...account, role: 'platform.checker' })).status).toBe(
      403,
    );
    for (const [role, code] of [
      ['platform.admin', 'not_for_machines'],
      ['platform.privacy-officer', 'not_for_machines'],
      ['org.admin', 'role_unknown'],
      ['platform.ghost', 'role_unknown'],
    ])
      expect(await command(root, 'CreatePlatformServiceAccount', { ...account, role })).toMatchObject({
        status: 422,
        body: { code },
      });
  });

  it('show a key once, and leave none in the log', async () => {
    expect(shown.length).toBeGreaterThan(3);
    const log = JSON.stringify(await wholeLog(api.eventStoreUrl), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(log).toContain('PlatformServiceAccountKeyRotated');
    for (const key of shown) expect(log).not.toContain(key.slice(-49));
  });

  it('stand in the past of each organization as they were then, with what made and unmade them (X-02)', async () => {
    const instant = () => {
      clock.ahead += 2_000;
      const now = new Date(clock.now()).toISOString();
      clock.ahead += 2_000;
      return now;
    };
    const history = async (question: string, who = olga, orgId = 'acme') => {
      const { status, body } = await send(who, `/v1/orgs/${orgId}/history/${question}`);
      expect([question, status]).toEqual([question, 200]);
      return body;
    };
    const id = 'service:@default/past';
    const accountId = 'past';
    const before = instant();
    await done(root, 'CreatePlatformServiceAccount', { accountId, name: 'Past', role: 'platform.checker' });
    const created = instant();
    await issued('IssuePlatformServiceAccountKey', { accountId, keyId: 'first' });
    const issuedAt = instant();
    await done(root, 'DeletePlatformServiceAccount', { accountId });
    const deleted = instant();

    const principalsAt = async (at: string, ...of: [who?: string, orgId?: string]) => {
      const found: { id: string }[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page = await history(`state?at=${at}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`, ...of);
        found.push(...page.principals);
        cursor = page.next;
      }
      return found;
    };
    const shownAt = async (at: string) => (await principalsAt(at)).find((principal) => principal.id === id);
    const shown = {
      ...{ id, role: null, suspended: false },
      access: [
        {
          resource: { type: 'org', id: 'acme' },
          roles: [expect.objectContaining({ role: 'platform.checker', notBefore: null, notAfter: null })],
        },
      ],
    };
    expect([await shownAt(before), await shownAt(deleted)]).toEqual([undefined, undefined]);
    for (const at of [created, issuedAt]) expect(await shownAt(at)).toEqual(shown);

    const changes = async (from: string, to: string) =>
      (await history(`access-diff?from=${from}&to=${to}`)).changes.filter(
        ({ principal }: { principal: string }) => principal === id,
      );
    const change = (kind: 'gained' | 'lost', type: string) => ({
      ...{ principal: id, resource: { type: 'org', id: 'acme' }, change: kind, roles: ['platform.checker'] },
      permissions: expect.arrayContaining(['decision:evaluate']),
      cause: { kind: 'event', type, stream: 'realm-default', actor: 'root' },
    });
    expect(await changes(before, created)).toMatchObject([change('gained', 'PlatformServiceAccountCreated')]);
    expect(await changes(created, issuedAt)).toEqual([]);
    expect(await changes(issuedAt, deleted)).toMatchObject([change('lost', 'PlatformServiceAccountDeleted')]);
    expect(await changes(before, deleted)).toEqual([]);

    const { intervals } = await history(`access-timeline?subject=${id}&action=decision:evaluate`);
    expect(intervals.slice(-3)).toMatchObject([
      { decision: false, cause: { type: 'OrgCreated' } },
      { decision: true, role: 'platform.checker', cause: { type: 'PlatformServiceAccountCreated' } },
      { decision: false, cause: { type: 'PlatformServiceAccountDeleted' } },
    ]);
    const gus = await api.bearer('gus', { realm: 'gate' });
    expect((await principalsAt(created, gus, 'gated')).map((principal) => principal.id)).not.toContain(id);
  });

  it('are part of a review of access, with what made them (C31)', async () => {
    const { status, body } = await send(olga, '/v1/orgs/acme/reports/access-review');
    expect(status).toBe(200);
    const meter = body.population.find(({ id }: { id: string }) => id === 'service:@default/meter');
    const evidence = [{ type: 'PlatformServiceAccountCreated', stream: 'realm-default', actor: 'root' }];
    const roles = [{ role: 'platform.meter', evidence }];
    expect(meter).toMatchObject({ role: null, access: [{ resource: { type: 'org', id: 'acme' }, roles }] });
  });

  it('lose what they may at once: a command on its way is decided by the log that it would be appended to', async () => {
    const invoice = {
      invoiceId: 'i-1',
      number: '1',
      issuedOn: '2026-03-01',
      amount: 1,
      currency: 'EUR',
      status: 'open',
    };
    const lines = [{ requests: 1 }];
    const commands = [
      ['RecordUsage', { lines }],
      ['RecordInvoice', invoice],
    ] as const;
    await issued('IssuePlatformServiceAccountKey', { accountId: 'meter', keyId: 'short' });
    const known = { realm: 'default', credential: 'key:short' };
    const caller = {
      ...{ id: 'service:@default/meter', ...known, token: { issuer: '', subject: '', email: null, name: null } },
      machine: { orgId: '@default', accountId: 'meter', keyId: 'short' },
    } as unknown as Caller;
    const outcomeOf = async ([name, input]: (typeof commands)[number], dryRun: boolean) => {
      const request = { orgId: 'acme', steps: [{ name, input }], caller, dryRun };
      const rest = { idempotencyKey: undefined, ifMatch: undefined, correlation: 'test' };
      return (await api.services.pipeline.execute({ ...request, ...rest } as CommandRequest)).kind;
    };
    for (const each of commands) expect(await outcomeOf(each, true)).toBe('done');
    await done(root, 'RevokePlatformServiceAccountKey', { accountId: 'meter', keyId: 'short' });
    for (const each of commands)
      for (const dryRun of [true, false]) expect(await outcomeOf(each, dryRun)).not.toBe('done');
  });
});
