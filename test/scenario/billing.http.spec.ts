import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RealmOrgs } from '../support/realm-orgs.js';

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

let orgs: RealmOrgs<Realm>;

beforeAll(async () => {
  orgs = await RealmOrgs.start(worlds);
  for (const realm of Object.keys(worlds)) await orgs.done(realm as Realm, 'meter', 'RecordInvoice', invoice);
}, 120_000);
afterAll(() => orgs?.api.stop());

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
    expect((await orgs.ofOrg(realm, sub, 'billing')).status).toBe(one);
    expect((await orgs.ofOrg(realm, sub, 'invoices')).status).toBe(other);
    expect((await orgs.ofOrg(realm, sub, 'invoices/in-1')).status).toBe(other);
  });
});

it('who pays does not say what they owe: only a service of the platform records invoices', async () => {
  for (const [realm, sub] of [
    ['team', 'john'],
    ['atelier', 'mia'],
    ['rules', 'liu'],
    ['rules', 'root'],
  ] as const)
    expect(await orgs.post(realm, sub, 'RecordInvoice', invoice)).toMatchObject({
      status: 403,
      body: { code: 'forbidden', permission: 'invoice:record' },
    });
});

it('an org admin of a studio edits billing details and the payment method; a member sees them (V7, V-M17)', async () => {
  const details = { company: 'Atelier GmbH', country: 'DE' };
  await orgs.done('atelier', 'mia', 'SetBillingDetails', details);
  const method = { provider: 'stripe', reference: 'pm_secretive', last4: '4242' };
  await orgs.done('atelier', 'mia', 'SavePaymentMethod', method);
  expect((await orgs.post('atelier', 'nora', 'SetBillingDetails', details)).status).toBe(403);
  expect((await orgs.ofOrg('atelier', 'nora', 'billing')).body).toEqual({
    details,
    paymentMethod: { provider: 'stripe', last4: '4242' },
    credits: { bought: 0, used: 0, balance: 0 },
  });
});

it('a plan is canceled by who may subscribe, and by nobody else; everybody who sees billing sees it (V-M16, V7, V12)', async () => {
  const cancel = { endsOn: '2030-12-31' };
  expect(await orgs.post('atelier', 'mia', 'CancelSubscription', cancel)).toMatchObject({
    status: 409,
    body: { code: 'plan_missing' },
  });
  await orgs.done('atelier', 'mia', 'ChangeSubscription', { plan: 'standard' });
  for (const name of ['ChangeSubscription', 'CancelSubscription'])
    expect(
      await orgs.post('atelier', 'nora', name, name === 'CancelSubscription' ? cancel : { plan: 'large' }),
    ).toMatchObject({ status: 403, body: { permission: 'subscription:manage' } });
  await orgs.done('atelier', 'mia', 'CancelSubscription', cancel);
  const canceled = { plan: 'standard', cancellation: { at: expect.any(String), endsOn: '2030-12-31' } };
  for (const sub of ['mia', 'nora']) expect((await orgs.ofOrg('atelier', sub, 'billing')).body).toMatchObject(canceled);
  await orgs.done('atelier', 'mia', 'ChangeSubscription', { plan: 'standard' });
  expect((await orgs.ofOrg('atelier', 'nora', 'billing')).body).not.toHaveProperty('cancellation');
});

it('a purchase is credited once: by its key, by its id, and not at all as a dry run (R-M07)', async () => {
  const buy = { purchaseId: 'order-1', credits: 100 };
  const dry = await orgs.done('rules', 'liu', 'BuyCredits', buy, { 'dry-run': 'true' });
  expect(dry).toMatchObject({ dryRun: true, events: [{ type: 'CreditsBought', data: buy }] });
  const first = await orgs.done('rules', 'liu', 'BuyCredits', buy, { 'idempotency-key': '"b1"' });
  expect(await orgs.done('rules', 'liu', 'BuyCredits', buy, { 'idempotency-key': '"b1"' })).toEqual(first);
  expect((await orgs.done('rules', 'ann', 'BuyCredits', buy)).events).toEqual([]);
  expect(await orgs.post('rules', 'liu', 'BuyCredits', { ...buy, credits: 1 })).toMatchObject({
    status: 409,
    body: { code: 'purchase_exists' },
  });
  const unnamed = await orgs.done('rules', 'liu', 'BuyCredits', { credits: 11 });
  expect(unnamed.result).toEqual({ purchaseId: expect.any(String) });
  expect((await orgs.ofOrg('rules', 'liu', 'billing')).body.credits).toEqual({ bought: 111, used: 0, balance: 111 });
  const audit = await orgs.ofOrg('rules', 'liu', 'audit?action=BuyCredits&target=order-1');
  expect(audit.body.entries).toMatchObject([{ actor: 'liu@rules', event: 'CreditsBought' }]);
});

it('invoices are listed youngest first, page by page (V-M18)', async () => {
  for (const [invoiceId, issuedOn] of [
    ['in-3', '2026-05-01'],
    ['in-2', '2026-04-01'],
    ['in-2b', '2026-04-01'],
  ])
    await orgs.done('team', 'meter', 'RecordInvoice', { ...invoice, invoiceId, issuedOn });
  await orgs.done('team', 'meter', 'RecordInvoice', { ...invoice, status: 'paid' });
  const listed: string[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const query: string = next === '' ? '' : `&cursor=${next}`;
    const { body } = await orgs.ofOrg('team', 'john', `invoices?limit=2${query}`);
    listed.push(...body.invoices.map(({ id, status }: Record<string, string>) => `${id} ${status}`));
    next = body.next;
  }
  expect(listed).toEqual(['in-3 open', 'in-2b open', 'in-2 open', 'in-1 paid']);
});
