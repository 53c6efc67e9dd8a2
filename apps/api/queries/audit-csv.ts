import type { ShownEntry } from './audit-entries.js';
import type { ExportWriter } from './audit-formats.js';

const columns = [
  'position',
  'stream',
  'revision',
  'eventId',
  'occurredAt',
  'actor',
  'credential',
  'delegate',
  'address',
  'agent',
  'justification',
  'role',
  'action',
  'event',
  'outcome',
  'reason',
  'permission',
  'targets',
  'environment',
  'evidence',
  'breakGlass',
  'scheme',
  'commandId',
  'correlation',
  'causation',
  'trace',
  'data',
] as const satisfies readonly (keyof ShownEntry)[];

/** Spreadsheets run cells that begin like this, also behind spaces. */
const formula = /^\s*[=+\-@\t\r]/;

/** Quoted as RFC 4180 says; what a spreadsheet would run begins with an apostrophe, which it shows as text. */
export function csvCell(value: string): string {
  const inert = formula.test(value) ? `'${value}` : value;
  return `"${inert.replaceAll('"', '""')}"`;
}

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(' ') : JSON.stringify(value);
};

/** A line of such cells, with its end. */
export const csvLine = (values: readonly string[]): string => `${values.map(csvCell).join(',')}\r\n`;

/** RFC 4180 with a header line. It has no place for a manifest. */
export const csvOf = (): ExportWriter => ({
  type: 'text/csv; charset=utf-8; header=present',
  begin: csvLine(columns),
  entry: (entry) => csvLine(columns.map((column) => textOf(entry[column]))),
  end: () => '',
});
