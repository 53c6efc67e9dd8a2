import { type CommandTable, onOrg } from './row.js';

const invoice = {
  invoiceId: 'in-2026-11',
  number: 'R-2026-0117',
  issuedOn: '2026-11-30',
  amount: 49_900,
  currency: 'EUR',
  status: 'open',
} as const;

export const billingRows = {
  CancelSubscription: {
    target: 'org',
    summary: "Cancel the organization's plan, as the organization itself; the plan stays until another one is set",
    example: { endsOn: '2026-12-31' },
    needs: ({ orgId }) => [onOrg(orgId, 'subscription:manage')],
  },
  SetBillingDetails: {
    target: 'org',
    summary: "Set what stands on the organization's invoices: its own, nobody's name or address",
    example: { company: 'Acme GmbH', taxId: 'DE123456789', country: 'DE', purchaseReference: 'PO 4711' },
    needs: ({ orgId }) => [onOrg(orgId, 'billing-details:edit')],
  },
  SavePaymentMethod: {
    target: 'org',
    summary: 'Save how the organization pays: a reference at the payment provider, never a number of a card',
    example: { provider: 'stripe', reference: 'pm_1MqLiJ', brand: 'Visa', last4: '4242', expires: '2029-03' },
    needs: ({ orgId }) => [onOrg(orgId, 'payment-method:save')],
  },
  BuyCredits: {
    target: 'org',
    summary: 'Buy credits: recorded once for each purchase',
    example: { purchaseId: 'order-17', credits: 500 },
    needs: ({ orgId }) => [onOrg(orgId, 'credits:buy')],
    creates: 'purchaseId',
  },
  SetAutoRecharge: {
    target: 'org',
    summary: 'Have credits bought whenever fewer than so many are left',
    example: { below: 50, credits: 500 },
    needs: ({ orgId }) => [onOrg(orgId, 'auto-recharge:set')],
  },
  RemoveAutoRecharge: {
    target: 'org',
    summary: 'Have no credits bought by themselves any more',
    example: {},
    needs: ({ orgId }) => [onOrg(orgId, 'auto-recharge:set')],
  },
  RecordInvoice: {
    target: 'org',
    summary: 'Record an invoice that was issued, or what became of one',
    example: invoice,
    needs: ({ orgId }) => [onOrg(orgId, 'invoice:record')],
  },
} as const satisfies Partial<CommandTable>;
