import { describe, expect, it } from '@jest/globals';
import { acmeOf, fold, given, newId, nothing, refused } from '../../../test/support/decider.js';
import { orgCommands } from './decisions.js';
import type { OrgEvent } from './events.js';

const created = acmeOf('olga');
const details = { company: 'Acme GmbH', taxId: 'DE123456789', country: 'DE' };
const method = { provider: 'stripe', reference: 'pm_1MqLiJ', brand: 'Visa', last4: '4242' };
const saved: OrgEvent = { type: 'PaymentMethodSaved', data: method };
const recharge = { below: 5, credits: 50 };
const bought = (purchaseId: string, credits: number): OrgEvent => ({
  type: 'CreditsBought',
  data: { purchaseId, credits },
});
const invoice = {
  invoiceId: 'in-1',
  number: 'R 1',
  issuedOn: '2026-03-01',
  amount: 4990,
  currency: 'EUR',
  status: 'open' as const,
};

describe('billing (K6)', () => {
  it('details are set as a whole; the same ones again, in any order, are no change', () => {
    const set: OrgEvent = { type: 'BillingDetailsSet', data: details };
    given([created]).when('SetBillingDetails', details).then([set]);
    given([created, set])
      .when('SetBillingDetails', { country: 'DE', taxId: 'DE123456789', company: 'Acme GmbH' })
      .then(nothing);
    given([created, set])
      .when('SetBillingDetails', { company: 'Acme GmbH', country: 'AT' })
      .then([{ type: 'BillingDetailsSet', data: { company: 'Acme GmbH', country: 'AT' } }]);
    given([]).when('SetBillingDetails', details).then(refused('org_not_found'));
  });

  it('a plan is canceled, by a day or without one, and taken again by setting a plan (V-M16, C22)', () => {
    const planned: OrgEvent = { type: 'OrgPlanSet', data: { plan: 'standard' } };
    const canceled = (endsOn?: string): OrgEvent => ({
      type: 'SubscriptionCanceled',
      data: { plan: 'standard', ...(endsOn === undefined ? {} : { endsOn }) },
    });
    given([created]).when('CancelSubscription', {}).then(refused('plan_missing'));
    given([]).when('CancelSubscription', {}).then(refused('org_not_found'));
    given([created, planned]).when('CancelSubscription', {}).then([canceled()]);
    given([created, planned, canceled()])
      .when('CancelSubscription', { endsOn: '2026-12-31' })
      .then([canceled('2026-12-31')]);
    expect(fold('org', [created, planned, canceled('2026-12-31')]).org).toMatchObject({
      plan: 'standard',
      cancellation: { endsOn: '2026-12-31' },
    });
    for (const name of ['ChangeSubscription', 'SetOrgPlan'] as const) {
      given([created, planned, canceled()])
        .when(name, { plan: 'standard' })
        .then([{ type: 'OrgPlanSet', data: { plan: 'standard', from: 'standard' } }]);
      given([created, planned]).when(name, { plan: 'standard' }).then(nothing);
    }
    expect(fold('org', [created, planned, canceled(), planned]).org.cancellation).toBeUndefined();
  });

  it("details hold nobody's name, street or address", () => {
    for (const personal of [{ email: 'ann@acme.test' }, { contact: 'Ann' }, { address: 'Lane 1' }, { name: 'Ann' }])
      expect(orgCommands.SetBillingDetails.safeParse({ ...details, ...personal }).success).toBe(false);
  });

  it('a payment method is a reference at its provider, never the number of a card (R-M08)', () => {
    given([created]).when('SavePaymentMethod', method).then([saved]);
    given([created, saved]).when('SavePaymentMethod', method).then(nothing);
    for (const reference of ['4242424242424242', '4242-4242-4242-4242', 'card:378282246310005', 'pm 1', ''])
      expect([reference, orgCommands.SavePaymentMethod.safeParse({ ...method, reference }).success]).toEqual([
        reference,
        false,
      ]);
  });

  it('a purchase of credits counts once, whoever repeats it (R-M07)', () => {
    given([created])
      .when('BuyCredits', { credits: 10 })
      .then([bought(newId, 10)]);
    const history = [created, bought('order-1', 10), bought('order-2', 5)];
    given(history).when('BuyCredits', { purchaseId: 'order-1', credits: 10 }).then(nothing);
    given(history).when('BuyCredits', { purchaseId: 'order-1', credits: 11 }).then(refused('purchase_exists'));
    expect(fold('org', history).settings?.billing).toEqual({ creditsBought: 15 });
  });

  it('credits are bought by themselves only where there is what to pay with (R-M09)', () => {
    given([created]).when('SetAutoRecharge', recharge).then(refused('payment_method_missing'));
    const set: OrgEvent = { type: 'AutoRechargeSet', data: recharge };
    given([created, saved]).when('SetAutoRecharge', recharge).then([set]);
    given([created, saved, set]).when('SetAutoRecharge', recharge).then(nothing);
    given([created, saved, set])
      .when('RemoveAutoRecharge', {})
      .then([{ type: 'AutoRechargeRemoved', data: {} }]);
    given([created, saved]).when('RemoveAutoRecharge', {}).then(nothing);
  });

  it('an invoice is open until it is paid or void, and stays what it is (V16)', () => {
    const open: OrgEvent = { type: 'InvoiceRecorded', data: invoice };
    const paid: OrgEvent = { type: 'InvoiceRecorded', data: { ...invoice, status: 'paid' } };
    given([created]).when('RecordInvoice', invoice).then([open]);
    given([created, open]).when('RecordInvoice', invoice).then(nothing);
    given([created, open])
      .when('RecordInvoice', { ...invoice, status: 'paid' })
      .then([paid]);
    given([created, open])
      .when('RecordInvoice', { ...invoice, amount: 1 })
      .then(refused('invoice_exists'));
    given([created, open, paid])
      .when('RecordInvoice', { ...invoice, status: 'void' })
      .then(refused('invoice_exists'));
  });
});

describe('single sign-on (G-M15)', () => {
  const sso = { issuer: 'https://login.acme.test', clientId: 'console', domains: ['acme.test'] };

  it('is the issuer, the client and the domains, each domain once and in order', () => {
    const { domains } = orgCommands.ConfigureSso.parse({ ...sso, domains: ['b.test', 'a.test', 'b.test'] });
    expect(domains).toEqual(['a.test', 'b.test']);
    const document = JSON.stringify(sso);
    const set: OrgEvent = { type: 'DocumentSet', data: { kind: 'sso', version: 1, document } };
    given([created]).when('ConfigureSso', sso).then([set]);
    given([created, set]).when('ConfigureSso', sso).then(nothing);
  });

  it('takes no secret, no issuer in the clear, and no domain that is none', () => {
    for (const wrong of [
      { clientSecret: 's3cret' },
      { issuer: 'http://login.acme.test' },
      { issuer: 'https://me:secret@login.acme.test' },
      { domains: ['ACME.test'] },
      { domains: ['acme'] },
      { domains: ['ann@acme.test'] },
      { domains: [] },
    ])
      expect([wrong, orgCommands.ConfigureSso.safeParse({ ...sso, ...wrong }).success]).toEqual([wrong, false]);
  });
});
