import { z } from 'zod';
import type { BillingDocument, ChargeDocument } from '../access/documents.js';
import type { DocumentKey } from '../event.js';
import { slug, text } from '../text.js';
import { endpoint } from './fields.js';
import { type OrgState, settingsOf, withSettings } from './org.js';

// Parts of the stored format and of commands alike.

/** What a billing account is about. Only what is the organization's own: people's names and addresses stay with who takes payments. */
export const billingDetails = z.strictObject({
  company: text(200),
  /** As the country writes it, like `DE123456789`. */
  taxId: z
    .string()
    .regex(/^[A-Z0-9][A-Z0-9 .-]{1,29}$/, 'must be 2 to 30 capital letters, digits, blanks, dots or dashes')
    .optional(),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code like DE'),
  /** What the organization wants to read on its invoices, like the number of an order. */
  purchaseReference: text(100).optional(),
});

/** Three to five groups of digits make a card's number; a provider's reference is one word. */
const cardNumber = /(?:\d[ -]?){13,19}/;

/** How it is paid is kept by the payment provider; here stands what finds it there and what tells it apart for people. */
export const paymentMethod = z.strictObject({
  provider: slug,
  reference: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 ASCII characters without blanks')
    .refine((value) => !cardNumber.test(value), "must be the provider's reference, not the number of a card"),
  brand: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9 -]{0,29}$/, 'must be a name like Visa')
    .optional(),
  last4: z
    .string()
    .regex(/^\d{4}$/, 'must be four digits')
    .optional(),
  /** The last month in which it is good. */
  expires: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month like 2027-03')
    .optional(),
});

export const credits = z.int().min(1).max(1_000_000_000);

/** Where fewer credits than `below` are left, whoever takes payments buys so many. */
export const autoRecharge = z.strictObject({ below: z.int().min(0).max(1_000_000_000), credits });

export const invoice = z.strictObject({
  /** As it stands on the paper. */
  number: text(60),
  issuedOn: z.iso.date(),
  /** In minor units of the currency; negative for a credit note. */
  amount: z.int().min(-1_000_000_000_000).max(1_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code like EUR'),
  status: z.enum(['open', 'paid', 'void']),
  /** Where the payment provider shows it to whoever may see it there. */
  url: endpoint.optional(),
});

export const charge = (id: string): DocumentKey => ({ kind: 'charge', id });
export const invoiceKey = (id: string): string => `invoice/${id}`;
export const purchaseKey = (id: string): string => `purchase/${id}`;

export const billingOf = (state: OrgState): BillingDocument => settingsOf(state).billing ?? {};

export const withBilling = (state: OrgState, changes: Partial<BillingDocument>): OrgState =>
  withSettings(state, { billing: { ...billingOf(state), ...changes } });

export const withCharge = (state: OrgState, document: ChargeDocument): OrgState => ({
  ...state,
  charges: state.charges.set(document.id, document),
});
