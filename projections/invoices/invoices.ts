import { projection } from '#libs/readstore/projection.js';
import { bigint, nullable, table, text, timestamptz } from '#libs/readstore/table.js';

export const invoices = table(
  'invoices',
  {
    org_id: text,
    invoice_id: text,
    number: text,
    /** The day as the invoice has it: text compares like days. */
    issued_on: text,
    amount: bigint,
    currency: text,
    status: text,
    url: nullable(text),
    recorded_at: timestamptz,
    /** When what became of it was recorded. */
    changed_at: timestamptz,
  },
  {
    key: ['org_id', 'invoice_id'],
    kept: ['recorded_at'],
    indexes: [{ columns: ['org_id', 'issued_on', 'invoice_id'] }],
  },
);

export const invoicesProjection = projection({
  name: 'invoices',
  version: 1,
  tables: [invoices],
  on: {
    org: {
      InvoiceRecorded: ({ streamId, data, occurredAt }, write) =>
        write.put(invoices, {
          org_id: streamId,
          invoice_id: data.invoiceId,
          number: data.number,
          issued_on: data.issuedOn,
          amount: `${data.amount}`,
          currency: data.currency,
          status: data.status,
          url: data.url ?? null,
          recorded_at: occurredAt,
          changed_at: occurredAt,
        }),
      OrgDeleted: ({ streamId }, write) => write.remove(invoices, { org_id: streamId }),
    },
  },
});
