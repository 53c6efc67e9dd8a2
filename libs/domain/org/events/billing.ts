import { z } from 'zod';
import { slug } from '../../text.js';
import {
  autoRecharge,
  billingDetails,
  billingOf,
  charge,
  credits,
  invoice,
  invoiceKey,
  paymentMethod,
  purchaseKey,
  withBilling,
  withCharge,
} from '../billing.js';
import { orgEvent } from '../event.js';
import { org, settings, withOrg, withSettings } from '../org.js';

// Stored format: add event types and optional fields, never change them.
export const billingEvents = {
  /** The plan stays until another one is set: by whom the days are counted that were paid for. */
  SubscriptionCanceled: orgEvent(z.strictObject({ plan: slug, endsOn: z.iso.date().optional() }), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, { endsOn }, { occurredAt: at }) => withOrg(state, { cancellation: { at, endsOn } }),
  }),
  BillingDetailsSet: orgEvent(billingDetails, {
    targets: () => [],
    touches: () => [settings],
    evolve: (state, details) => withBilling(state, { details }),
  }),
  PaymentMethodSaved: orgEvent(paymentMethod, {
    targets: () => [],
    touches: () => [settings],
    evolve: (state, method) => withBilling(state, { paymentMethod: method }),
  }),
  CreditsBought: orgEvent(z.strictObject({ purchaseId: slug, credits }), {
    targets: ({ purchaseId }) => [purchaseId],
    touches: ({ purchaseId }) => [settings, charge(purchaseKey(purchaseId))],
    evolve: (state, { purchaseId, credits: bought }) =>
      withCharge(withBilling(state, { creditsBought: (billingOf(state).creditsBought ?? 0) + bought }), {
        id: purchaseKey(purchaseId),
        credits: bought,
      }),
  }),
  AutoRechargeSet: orgEvent(autoRecharge, {
    targets: () => [],
    touches: () => [settings],
    evolve: (state, recharge) => withBilling(state, { autoRecharge: recharge }),
  }),
  AutoRechargeRemoved: orgEvent(z.strictObject({}), {
    targets: () => [],
    touches: () => [settings],
    evolve: (state) => {
      const { autoRecharge: _, ...billing } = billingOf(state);
      return withSettings(state, { billing });
    },
  }),
  /** Takes the place of what was recorded of this invoice before: an open one is paid or void later. */
  InvoiceRecorded: orgEvent(invoice.extend({ invoiceId: slug }), {
    targets: ({ invoiceId }) => [invoiceId],
    touches: ({ invoiceId }) => [charge(invoiceKey(invoiceId))],
    evolve: (state, { invoiceId, ...recorded }) => withCharge(state, { id: invoiceKey(invoiceId), invoice: recorded }),
  }),
};
