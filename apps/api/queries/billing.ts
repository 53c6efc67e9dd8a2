import { z } from 'zod';
import type { SettingsDocument } from '#libs/domain/access/documents.js';
import { meterKey } from '#libs/domain/usage/meters.js';
import { slug } from '#libs/domain/text.js';
import { streamOf } from '#libs/application/streams.js';
import { invoiceOf, type InvoiceRow, invoicesOf } from '#projections/invoices/queries.js';
import { metersOf } from '#projections/usage/queries.js';
import { keyFrom, pageOf } from './cursor.js';
import { organizationIn, settingsIn } from './stored-settings.js';
import { next, nothing, ofOrg, onOrg, page, query } from './query-row.js';

const invoice = z.object({
  id: z.string(),
  number: z.string(),
  issuedOn: z.string(),
  amount: z.int().meta({ description: 'In minor units of the currency; negative for a credit note' }),
  currency: z.string(),
  status: z.string(),
  url: z.string().optional(),
  recordedAt: z.string(),
  changedAt: z.string(),
});

const shown = (row: InvoiceRow): z.input<typeof invoice> => ({
  id: row.invoice_id,
  number: row.number,
  issuedOn: row.issued_on,
  // Its event says that it is an integer that JSON holds exactly.
  amount: Number(row.amount),
  currency: row.currency,
  status: row.status,
  ...(row.url === null ? {} : { url: row.url }),
  recordedAt: row.recorded_at,
  changedAt: row.changed_at,
});

const creditsUsed = { scope: '', period: 'total', measure: 'credits' } as const;

const ofInvoice = ofOrg.extend({ invoiceId: slug });
const place = z.string().regex(/^\d{4}-\d\d-\d\d\/[a-z0-9-]{1,63}$/);

export const billingQueries = {
  Billing: query({
    path: '/v1/orgs/{orgId}/billing',
    summary: 'How an organization pays: plan, details, payment method, credits',
    params: ofOrg,
    filter: nothing,
    needs: (params) => [onOrg('billing:view', params)],
    restsOn: ({ orgId }) => [streamOf('usage', orgId)],
    answer: z.object({
      /** Absent until one was set. */
      plan: z.string().optional(),
      /** Of the plan; until another one is set, or the same again. */
      cancellation: z.object({ at: z.string(), endsOn: z.string().optional() }).optional(),
      details: z
        .object({
          company: z.string(),
          taxId: z.string().optional(),
          country: z.string(),
          purchaseReference: z.string().optional(),
        })
        .optional(),
      paymentMethod: z
        .object({
          provider: z.string(),
          brand: z.string().optional(),
          last4: z.string().optional(),
          expires: z.string().optional(),
        })
        .optional()
        .meta({ description: "The provider's reference is told to nobody; it stands in the audit log" }),
      autoRecharge: z.object({ below: z.int(), credits: z.int() }).optional(),
      credits: z.object({ bought: z.int(), used: z.int(), balance: z.int() }),
    }),
    ask: async ({ orgId }, _, { services }) => {
      const { reads } = services;
      const [found, settings] = await Promise.all([organizationIn(reads, orgId), settingsIn(reads, orgId)]);
      const { plan, cancellation } = found?.org ?? {};
      const values = await metersOf(reads, orgId, [creditsUsed]);
      const used = values.get(meterKey(creditsUsed)) ?? 0;
      const { details, paymentMethod, autoRecharge, creditsBought = 0 } = settings?.billing ?? {};
      return {
        ...(plan === undefined ? {} : { plan }),
        ...(cancellation === undefined ? {} : { cancellation }),
        ...(details === undefined ? {} : { details }),
        ...(paymentMethod === undefined ? {} : { paymentMethod: withoutReference(paymentMethod) }),
        ...(autoRecharge === undefined ? {} : { autoRecharge }),
        credits: { bought: creditsBought, used, balance: creditsBought - used },
      };
    },
  }),

  Invoices: query({
    path: '/v1/orgs/{orgId}/invoices',
    summary: 'The invoices of an organization, the youngest first',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('invoice:view', params)],
    answer: z.object({ invoices: z.array(invoice), next }),
    ask: async ({ orgId }, { limit, cursor }, { services }) => {
      const scope = ['Invoices', orgId];
      const [issuedOn, invoiceId] = keyFrom(cursor, scope, place)?.split('/') ?? [];
      const after = issuedOn === undefined || invoiceId === undefined ? undefined : { issuedOn, invoiceId };
      const rows = await invoicesOf(services.reads, orgId, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => `${row.issued_on}/${row.invoice_id}`);
      return { invoices: items.map(shown), ...rest };
    },
  }),

  Invoice: query({
    path: '/v1/orgs/{orgId}/invoices/{invoiceId}',
    summary: 'One invoice of an organization',
    params: ofInvoice,
    filter: nothing,
    needs: (params) => [onOrg('invoice:view', params)],
    answer: invoice,
    ask: async ({ orgId, invoiceId }, _, { services }) => {
      const row = await invoiceOf(services.reads, orgId, invoiceId);
      return row && shown(row);
    },
  }),
} as const;

function withoutReference(method: NonNullable<NonNullable<SettingsDocument['billing']>['paymentMethod']>) {
  const { reference: _, ...rest } = method;
  return rest;
}
