import { z } from 'zod';
import type { BillingDocument } from '../../access/documents.js';
import { type Decision, refuse } from '../../decision.js';
import { slug } from '../../text.js';
import {
  autoRecharge,
  billingDetails,
  billingOf,
  credits,
  invoice,
  invoiceKey,
  paymentMethod,
  purchaseKey,
} from '../billing.js';
import { nothing, orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import type { OrgState } from '../org.js';

/** What is recorded and by whom it may be; nothing here moves money. */
export const billingCommands = {
  /** Nothing is taken away: what the plan allows, it allows until another one is set. Setting one takes this back. */
  CancelSubscription: orgCommand(z.strictObject({ endsOn: z.iso.date().optional() }), ({ org }, { endsOn }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    const { plan, cancellation } = org;
    if (plan === undefined) return refuse('plan_missing');
    if (cancellation !== undefined && cancellation.endsOn === endsOn) return [];
    return [{ type: 'SubscriptionCanceled', data: { plan, ...(endsOn === undefined ? {} : { endsOn }) } }];
  }),

  SetBillingDetails: orgCommand(billingDetails, (state, details) =>
    changed(state, 'details', details, { type: 'BillingDetailsSet', data: details }),
  ),

  SavePaymentMethod: orgCommand(paymentMethod, (state, method) =>
    changed(state, 'paymentMethod', method, { type: 'PaymentMethodSaved', data: method }),
  ),

  BuyCredits: orgCommand(
    z.strictObject({ purchaseId: slug.optional(), credits }),
    (state, { purchaseId: given, credits: bought }, { newId }) => {
      if (state.org.status !== 'active') return refuse('org_not_found');
      const purchaseId = given ?? newId;
      const present = state.charges.get(purchaseKey(purchaseId));
      if (present === undefined) return [{ type: 'CreditsBought', data: { purchaseId, credits: bought } }];
      return present.credits === bought ? [] : refuse('purchase_exists');
    },
  ),

  /** What buys by itself must have what it buys with. */
  SetAutoRecharge: orgCommand(autoRecharge, (state, recharge) => {
    if (state.org.status === 'active' && billingOf(state).paymentMethod === undefined)
      return refuse('payment_method_missing');
    return changed(state, 'autoRecharge', recharge, { type: 'AutoRechargeSet', data: recharge });
  }),

  RemoveAutoRecharge: orgCommand(nothing, (state) =>
    billingOf(state).autoRecharge === undefined ? [] : [{ type: 'AutoRechargeRemoved', data: {} }],
  ),

  /** An invoice stays what it is, and is open until it is paid or void. */
  RecordInvoice: orgCommand(invoice.extend({ invoiceId: slug }), (state, { invoiceId, ...recorded }) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    const present = state.charges.get(invoiceKey(invoiceId))?.invoice;
    if (present !== undefined) {
      if (isSame(present, recorded)) return [];
      const { status, ...before } = present;
      const { status: _, ...after } = recorded;
      if (status !== 'open' || !isSame(before, after)) return refuse('invoice_exists');
    }
    return [{ type: 'InvoiceRecorded', data: { invoiceId, ...recorded } }];
  }),
};

function changed(state: OrgState, part: keyof BillingDocument, wanted: object, event: OrgEvent): Decision<OrgEvent> {
  if (state.org.status !== 'active') return refuse('org_not_found');
  return isSame(billingOf(state)[part], wanted) ? [] : [event];
}

/** Whether both hold the same, whatever the order of their members. */
const isSame = (one: unknown, other: object): boolean => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

const sorted = (value: unknown): unknown =>
  Object.entries(value ?? {})
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
