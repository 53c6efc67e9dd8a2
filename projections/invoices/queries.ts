import { sql } from 'kysely';
import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { invoices } from './invoices.js';

export type InvoiceRow = RowOf<typeof invoices>;
type Tables = TablesOf<typeof invoices>;

/** A place in the list. */
export interface InvoicePlace {
  readonly issuedOn: string;
  readonly invoiceId: string;
}

/** The invoices of an organization, the youngest first; `after` is the last one of the page before. */
export async function invoicesOf(
  db: Database,
  orgId: string,
  { after, limit }: { after?: InvoicePlace | undefined; limit: number },
): Promise<InvoiceRow[]> {
  const query = db.withTables<Tables>().selectFrom('invoices').selectAll().where('org_id', '=', orgId);
  const rest =
    after === undefined
      ? query
      : query.where(sql<boolean>`(issued_on, invoice_id) < (${after.issuedOn}, ${after.invoiceId})`);
  return rest.orderBy('issued_on', 'desc').orderBy('invoice_id', 'desc').limit(limit).execute();
}

export async function invoiceOf(db: Database, orgId: string, invoiceId: string): Promise<InvoiceRow | undefined> {
  const query = db.withTables<Tables>().selectFrom('invoices').selectAll().where('org_id', '=', orgId);
  return query.where('invoice_id', '=', invoiceId).executeTakeFirst();
}
