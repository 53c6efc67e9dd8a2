import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

/** Realm → the organization in it, and who holds which role there beside its owner. */
const worlds = {
  default: { owner: 'olga', others: { ada: 'org.admin', pat: 'org.participant' } },
  team: { owner: 'john', others: { amy: 'org.admin', dev: 'org.developer', vera: 'org.viewer' } },
  atelier: { owner: 'mia', others: { nora: 'org.member' } },
  rules: { owner: 'liu', others: { ann: 'org.admin', max: 'org.member' } },
  gate: { owner: 'gus', others: { mel: 'org.member' } },
} as const;
type Realm = keyof typeof worlds;

const invoice = {
  invoiceId: 'in-1',
  number: 'R 1',
  issuedOn: '2026-03-01',
  amount: 4990,
  currency: 'EUR',
  status: 'open',
};

let api: TestApi;
const tokens = new Map<Realm, string>();

const idOf = (realm: Realm, sub: string) => (realm === 'default' ? sub : `${sub}@${realm}`);
async function headersOf(realm: Realm, sub: string): Promise<Record<string, string>> {
  const claims = sub === 'root' ? { email: 'admin@localhost' } : {};
  const token = tokens.get(realm);
  const own = await api.bearer(sub, { realm, ...claims });
  return {
    authorization: token === undefined ? own : await api.enter(own, `${realm}-org`, token),
    ...(token === undefined ? {} : { 'consistency-token': token }),
  };
}
async function post(realm: Realm, sub: string, target: string, name: string, body: object, more = {}) {
  const headers = { ...(await headersOf(realm, sub)), ...more };
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
  const { 'consistency-token': seen } = answer.headers;
  if (typeof seen === 'string') tokens.set(realm, seen);
  return { status: answer.status, body: JSON.parse(answer.text) };
}
async function done(...given: Parameters<typeof post>) {
  const { status, body } = await post(...given);
  expect([given[3], status, body]).toEqual([given[3], 200, expect.anything()]);
  return body;
}
async function get(realm: Realm, sub: string, path: string) {
  const answer = await api.http.send({ path: `/v1/orgs/${realm}-org${path}`, headers: await headersOf(realm, sub) });
  return { status: answer.status, body: JSON.parse(answer.text) };
}

beforeAll(async () => {
  const REALMS = 'default=enterprise,team=teams,atelier=studio,rules=projects,gate=gateway';
  api = await startTestApi({ environment: { REALMS, READ_WAIT_MS: '20000' } });
  for (const [name, { owner, others }] of Object.entries(worlds)) {
    const realm = name as Realm;
    const creator = ['default', 'gate'].includes(realm) ? 'root' : owner;
    const created = { orgId: `${realm}-org`, name: realm, ownerId: idOf(realm, owner) };
    await done(realm, creator, 'realm', 'CreateOrg', created);
    for (const [sub, role] of Object.entries(others)) {
      // Where nobody is added as an admin at once, an appointment follows.
      const adder = role === 'org.admin' && realm === 'gate' ? 'root' : owner;
      await done(realm, adder, `orgs/${realm}-org`, 'AddMember', { userId: idOf(realm, sub), role });
    }
    const meter = { userId: idOf(realm, 'meter'), role: 'platform.meter' };
    await done(realm, 'root', 'realm', 'AssignPlatformRole', meter);
    await done(realm, 'meter', `orgs/${realm}-org`, 'RecordInvoice', invoice);
  }
}, 120_000);
afterAll(() => api?.stop());

describe('who sees billing and invoices (K6, K7)', () => {
  const seen: readonly (readonly [Realm, string, billing: number, invoices: number])[] = [
    // T-M03: the platform sets the plan; nobody in an organization pays.
    ['default', 'olga', 403, 403],
    ['default', 'pat', 403, 403],
    // C-M12: owners only.
    ['team', 'john', 200, 200],
    ['team', 'amy', 403, 403],
    ['team', 'vera', 403, 403],
    // V-M15, V-M18: everybody reads.
    ['atelier', 'mia', 200, 200],
    ['atelier', 'nora', 200, 200],
    // R-M18.
    ['rules', 'liu', 200, 200],
    ['rules', 'ann', 200, 200],
    ['rules', 'max', 403, 403],
    ['gate', 'gus', 403, 403],
    ['gate', 'mel', 403, 403],
  ];
  it.each(seen)('%s: %s is answered %i and %i (T-M03, C-M12, V-M15, V-M18, R-M18)', async (realm, sub, one, other) => {
    expect((await get(realm, sub, '/billing')).status).toBe(one);
    expect((await get(realm, sub, '/invoices')).status).toBe(other);
    expect((await get(realm, sub, '/invoices/in-1')).status).toBe(other);
  });
});

it('who pays does not say what they owe: only a service of the platform records invoices', async () => {
  for (const [realm, sub] of [
    ['team', 'john'],
    ['atelier', 'mia'],
    ['rules', 'liu'],
    ['rules', 'root'],
  ] as const)
    expect(await post(realm, sub, `orgs/${realm}-org`, 'RecordInvoice', invoice)).toMatchObject({
      status: 403,
      body: { code: 'forbidden', permission: 'invoice:record' },
    });
});

it('an org admin of a studio edits billing details and the payment method; a member sees them (V7, V-M17)', async () => {
  const details = { company: 'Atelier GmbH', country: 'DE' };
  await done('atelier', 'mia', 'orgs/atelier-org', 'SetBillingDetails', details);
  const method = { provider: 'stripe', reference: 'pm_secretive', last4: '4242' };
  await done('atelier', 'mia', 'orgs/atelier-org', 'SavePaymentMethod', method);
  expect((await post('atelier', 'nora', 'orgs/atelier-org', 'SetBillingDetails', details)).status).toBe(403);
  expect((await get('atelier', 'nora', '/billing')).body).toEqual({
    details,
    paymentMethod: { provider: 'stripe', last4: '4242' },
    credits: { bought: 0, used: 0, balance: 0 },
  });
});

it('a purchase is credited once: by its key, by its id, and not at all as a dry run (R-M07)', async () => {
  const org = 'orgs/rules-org';
  const buy = { purchaseId: 'order-1', credits: 100 };
  const dry = await done('rules', 'liu', org, 'BuyCredits', buy, { 'dry-run': 'true' });
  expect(dry).toMatchObject({ dryRun: true, events: [{ type: 'CreditsBought', data: buy }] });
  const first = await done('rules', 'liu', org, 'BuyCredits', buy, { 'idempotency-key': '"b1"' });
  expect(await done('rules', 'liu', org, 'BuyCredits', buy, { 'idempotency-key': '"b1"' })).toEqual(first);
  expect((await done('rules', 'ann', org, 'BuyCredits', buy)).events).toEqual([]);
  expect(await post('rules', 'liu', org, 'BuyCredits', { ...buy, credits: 1 })).toMatchObject({
    status: 409,
    body: { code: 'purchase_exists' },
  });
  const unnamed = await done('rules', 'liu', org, 'BuyCredits', { credits: 11 });
  expect(unnamed.result).toEqual({ purchaseId: expect.any(String) });
  expect((await get('rules', 'liu', '/billing')).body.credits).toEqual({ bought: 111, used: 0, balance: 111 });
  const audit = await get('rules', 'liu', '/audit?action=BuyCredits&target=order-1');
  expect(audit.body.entries).toMatchObject([{ actor: 'liu@rules', event: 'CreditsBought' }]);
});

it('invoices are listed youngest first, page by page (V-M18)', async () => {
  for (const [invoiceId, issuedOn] of [
    ['in-3', '2026-05-01'],
    ['in-2', '2026-04-01'],
    ['in-2b', '2026-04-01'],
  ])
    await done('team', 'meter', 'orgs/team-org', 'RecordInvoice', { ...invoice, invoiceId, issuedOn });
  await done('team', 'meter', 'orgs/team-org', 'RecordInvoice', { ...invoice, status: 'paid' });
  const listed: string[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const query: string = next === '' ? '' : `&cursor=${next}`;
    const { body } = await get('team', 'john', `/invoices?limit=2${query}`);
    listed.push(...body.invoices.map(({ id, status }: Record<string, string>) => `${id} ${status}`));
    next = body.next;
  }
  expect(listed).toEqual(['in-3 open', 'in-2b open', 'in-2 open', 'in-1 paid']);
});
