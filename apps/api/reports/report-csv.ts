import { csvLine } from '../queries/audit-csv.js';
import type { AccessReview } from './access-review.js';
import { columns, sectionsOf } from './report-rows.js';

/** RFC 4180 with a header line, all sections below each other and named in the first column. */
export async function* csvOf(review: AccessReview): AsyncIterable<string> {
  const { org, at, since, generatedAt } = review.head;
  yield csvLine(columns);
  const about = `revision ${at.revision ?? 'none'} at ${at.at}, changes since ${since.at}, made at ${generatedAt}`;
  const title = { section: 'report', id: org.id, name: org.name ?? '', status: org.status, held: about };
  yield csvLine(columns.map((column) => (column in title ? Reflect.get(title, column) : '')));
  for (const { name, rows } of sectionsOf(review))
    for await (const row of rows())
      yield csvLine(columns.map((column) => (column === 'section' ? name : (row[column] ?? ''))));
}
